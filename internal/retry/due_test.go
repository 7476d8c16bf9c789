package retry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/retry"
)

func TestDue_HasComeAtFirstAndOnceTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d retry.Due
		if left := d.Left(); left != 0 {
			t.Errorf("at first %v are left; want none", left)
		}
		d.In(time.Minute)
		retry.Pause(time.Second)
		if left := d.Left(); left != 59*time.Second {
			t.Errorf("a second later %v are left; want 59s", left)
		}
		d.In(time.Second)
		retry.Pause(2 * time.Second)
		if left := d.Left(); left != 0 {
			t.Errorf("after its time %v are left; want none", left)
		}
	})
}
