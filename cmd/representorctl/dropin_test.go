package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/representord/representord/internal/doctor"
)

func TestDropIn_TheFirstOfItsNameCounts(t *testing.T) {
	const unit = "ovn-controller.service"
	etc, lib := t.TempDir(), t.TempDir()
	in := func(dir string) string { return filepath.Join(dir, unit+".d", doctor.DropInName) }
	found := func(unit string) doctor.DropIn { return findDropIn(unit, []string{etc, lib}) }
	if got := found(unit); got != (doctor.DropIn{}) {
		t.Errorf("without one: %+v", got)
	}
	for _, dir := range []string{etc, lib} {
		if err := os.Mkdir(filepath.Dir(in(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(in(lib), []byte("[Service]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := found(unit); got != (doctor.DropIn{Path: in(lib)}) {
		t.Errorf("the package's: %+v", got)
	}
	for _, none := range []string{"", "other.service"} {
		if got := found(none); got != (doctor.DropIn{}) {
			t.Errorf("of unit %q: %+v", none, got)
		}
	}
	if err := os.Symlink("/dev/null", in(etc)); err != nil {
		t.Fatal(err)
	}
	if got := found(unit); got != (doctor.DropIn{Path: in(etc), Void: true}) {
		t.Errorf("taken back: %+v", got)
	}
	if err := os.Remove(in(etc)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in(etc), []byte("[Service]\nExecStart=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := found(unit); got != (doctor.DropIn{Path: in(etc)}) {
		t.Errorf("the operator's own: %+v", got)
	}
}
