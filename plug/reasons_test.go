package plug

import (
	"errors"
	"testing"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

func TestReasons_WhatTheKernelAndTheDatabaseSayIsBoundedAndEscaped(t *testing.T) {
	for _, evil := range plantest.HostileTexts() {
		down := testcard.OneVF()
		down.Down, down.Name = true, "a\x1bb"
		c := newCloud(testcard.Index(down, testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0),
			plantest.Asks("b", 0, 1))
		c.upErr, c.refuse["b"] = errors.New(evil), errors.New(evil)
		rep := c.reconciler(nil).Pass(t.Context())
		plantest.Legible(t, *find(t, rep, "b").Reason)
		plantest.Legible(t, find(t, rep, "a").Warnings[0])
	}
}
