package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestForEver_EachCauseIsWarnedOfOnceUntilItServedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		steps := []struct {
			begins bool
			err    error
		}{
			{err: errors.New("taken")}, {err: errors.New("taken")}, {err: errors.New("no such address")},
			{begins: true, err: errors.New("no such address")}, {begins: true}, {err: errors.New("taken")},
		}
		var warned []string
		n := 0
		err := forEver(ctx, func(err error) { warned = append(warned, err.Error()) }, func(began func()) error {
			if n == len(steps) {
				cancel()
				return errors.New("it was to end")
			}
			s := steps[n]
			n++
			if s.begins {
				began()
			}
			return s.err
		})
		if want := []string{"taken", "no such address", "no such address", "taken"}; err != nil || !slices.Equal(warned, want) {
			t.Errorf("it warned of %q and ended with %v, want %q", warned, err, want)
		}
	})
}
