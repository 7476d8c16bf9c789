package vpd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vpd")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pipe is a file that gives data, and then nothing, until the test ends.
func pipe(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vpd")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead_AFileIsReadToItsEnd(t *testing.T) {
	padded := bytes.Repeat([]byte{' '}, 3000)
	got, _, err := Read(t.Context(),
		file(t, sum(large(tagName, append([]byte("a card"), padded...)), large(tagReadOnly, sn("S1"), field("RV", 0)), end())))
	if err != nil || got.Err() != nil || got.Strict.ReadOnly[KeySerial] != "S1" || got.Strict.Name != "a card" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRead_AFileThatIsNotThereOrNotForUsIsToldApart(t *testing.T) {
	if _, _, err := Read(t.Context(), filepath.Join(t.TempDir(), "vpd")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := Read(t.Context(), file(t, nil)); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := Read(t.Context(), t.TempDir()); !errors.Is(err, unix.EISDIR) {
		t.Error(err)
	}
}

func TestRead_ThatHangsEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, _, err := Read(ctx, pipe(t, nil)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	canceled, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := Read(canceled, pipe(t, nil)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// drained ends in a moment once nothing is left in a pipe. Read asks whether it has ended
// before each of its reads, when it has what the one before gave.
type drained struct {
	context.Context //nolint:containedctx // it is one
	pipe            *os.File
	cancel          context.CancelCauseFunc
}

func (d drained) Err() error {
	if left, err := unix.IoctlGetInt(int(d.pipe.Fd()), unix.TIOCINQ); err != nil || left == 0 {
		time.AfterFunc(10*time.Millisecond, func() { d.cancel(cmp.Or(err, context.DeadlineExceeded)) })
	}
	return d.Context.Err()
}

func TestRead_ThatHangsInTheMiddleKeepsWhatItHas(t *testing.T) {
	whole := card(sn("S1"))
	path := pipe(t, whole[:len(whole)-1])
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	got, _, err := Read(drained{ctx, f, cancel}, path)
	if err != nil || got.Strict != nil || got.Tolerant.ReadOnly[KeySerial] != "S1" {
		t.Errorf("%+v, %v", got, err)
	}
	if !errors.Is(got.Err(), context.DeadlineExceeded) {
		t.Error(got.Err())
	}
}
