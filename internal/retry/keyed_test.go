package retry_test

import (
	"errors"
	"testing"
	"time"

	"github.com/representord/representord/internal/retry"
)

func TestKeyed_EachIsHeldBackByItself(t *testing.T) {
	var k retry.Keyed[string]
	now := time.Now()
	if !k.Next(now).IsZero() || k.Failures("a") != 0 || k.Failed("a") != nil || k.Len() != 0 {
		t.Error("what never failed is held back")
	}
	k.Fail(now, "a", errors.New("no"))
	if k.Due(now, "a").IsZero() || !k.Due(now, "b").IsZero() || k.Failures("a") != 1 || k.Failed("a") == nil {
		t.Errorf("a due %v, b due %v", k.Due(now, "a"), k.Due(now, "b"))
	}
	if next := k.Next(now); !next.Equal(k.Due(now, "a")) {
		t.Errorf("the next is due %v", next)
	}
	k.Succeed(now, "b", 1)
	if k.Due(now, "b").IsZero() {
		t.Error("two changes in a window of one")
	}
	k.Forget("b")
	if !k.Due(now, "b").IsZero() {
		t.Error("what was forgotten is held back")
	}
}

func TestKeyed_AFailureIsRememberedWhileItIsWanted(t *testing.T) {
	var k retry.Keyed[string]
	now := time.Now()
	k.Fail(now, "a", errors.New("no"))
	k.Fail(now, "b", errors.New("no"))
	wanted := func(key string) bool { return key == "a" }
	k.Prune(now, wanted)
	if k.Len() != 2 {
		t.Errorf("%d are remembered before their time", k.Len())
	}
	k.Prune(now.Add(time.Minute), wanted)
	if k.Len() != 1 || k.Failures("a") != 1 {
		t.Errorf("%d are remembered", k.Len())
	}
}

func TestEarliest_NoMomentIsNone(t *testing.T) {
	now := time.Now()
	if got := retry.Earliest(time.Time{}, now.Add(time.Second), time.Time{}, now); !got.Equal(now) {
		t.Errorf("%v", got)
	}
	if !retry.Earliest().IsZero() || !retry.Earliest(time.Time{}).IsZero() {
		t.Error("a moment of none")
	}
}
