package doctor

import (
	"errors"
	"testing"

	"github.com/representord/representord/representor"
)

func TestCard_ThatCantBeReadIsToldInItsOwnWords(t *testing.T) {
	h := healthy()
	h.Card, h.CardErr = representor.Card{Problem: "no devlink: is it a DPU's?"}, errors.New("netlink receive: no such file or directory")
	for _, c := range Examine(h).Checks {
		if c.Name == "devlink" && c.Finding != h.Card.Problem {
			t.Errorf("%q, want %q", c.Finding, h.Card.Problem)
		}
	}
}
