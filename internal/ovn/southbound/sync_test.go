package southbound

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

func TestSync_TheViewThenShowsWhatWasCommittedBefore(t *testing.T) {
	t.Parallel()
	d, w := southbound(t)
	w.add("port", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	for n := range 100 {
		port := fmt.Sprint("port", n)
		w.add(port, w.us(), nil)
		if err := f.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if b, there := f.View().Bindings[port]; !there || b.Disposition != Asked {
			t.Fatalf("%s is committed, and the view has %+v (%v)", port, b, there)
		}
	}
}

func TestSync_WithoutAnAnswerItLastsAsLongAsItsContext(t *testing.T) {
	t.Parallel()
	d, w := southbound(t)
	w.add("port", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	if err := New(Options{}).Sync(t.Context()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("while no server is followed: %v", err)
	}
	f.untilReady()
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := f.Sync(ctx); !errors.Is(err, ErrUntrusted) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that hangs: %v", err)
	}
}
