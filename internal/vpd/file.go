package vpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/representord/representord/internal/retry"
)

// Deadline is how long one card's VPD may take to be read: a whole one has some
// hundred words of four bytes, of which a healthy card gives hundreds in a second,
// while Linux waits up to 125 ms for each (pci_vpd_wait in drivers/pci/vpd.c), that
// is 17 minutes for 32 KiB.
const Deadline = 5 * time.Second

// grace is how long a read that goes on in the kernel is waited for.
const grace = 100 * time.Millisecond

// Read reads the file vpd of a PCI function. It must not be called for two functions
// of one card at the same time: they share the hardware that is asked.
//
// It ends when ctx does, even while the kernel is busy reading. What was read by then
// is given, with a *Problem that unwraps to why. If that is nothing, an error is: one for
// which errors.Is(err, os.ErrNotExist) holds where the function has no VPD, or
// os.ErrPermission where it may only be read as root, or what ctx says. One thread
// then stays behind until the kernel is done: ended is closed once none is left, which
// should be awaited before the same card is read again.
func Read(ctx context.Context, path string) (result Result, ended <-chan struct{}, err error) {
	// Nothing is asked for before the last answer came, so that neither waits for room.
	asked, answers, done := make(chan int, 1), make(chan answer, 1), make(chan struct{})
	go func() {
		defer close(done)
		feed(path, asked, answers)
	}()
	some := false
	var failure error
	result = Parse(readerFunc(func(b []byte) (int, error) {
		n, err := ask(ctx, asked, answers, b)
		some = some || n > 0
		if err != nil && err != io.EOF { //nolint:errorlint // what ends the file is given as it is
			failure = err
		}
		return n, err
	}))
	close(asked)
	retry.Ended(done, grace)
	switch {
	case some:
		return result, done, nil
	case failure != nil:
		return Result{}, done, failure
	}
	return Result{}, done, fmt.Errorf("%s is empty: the card gives no VPD", path)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// answer is what one read of the file gave.
type answer struct {
	data []byte
	err  error
}

// ask has some bytes read, and gives up when ctx ends.
func ask(ctx context.Context, asked chan<- int, answers <-chan answer, b []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, tooLong(ctx)
	}
	asked <- len(b)
	select {
	case a := <-answers:
		return copy(b, a.data), a.err
	case <-ctx.Done():
		return 0, tooLong(ctx)
	}
}

func tooLong(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("the card doesn't answer in time: %w", cause)
	}
	return cause
}

// feed reads the file, only as much as it is asked to.
func feed(path string, asked <-chan int, answers chan<- answer) {
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
	}
	for n := range asked {
		b, got := make([]byte, n), 0
		if err == nil {
			got, err = f.Read(b)
		}
		answers <- answer{data: b[:got], err: err}
	}
}
