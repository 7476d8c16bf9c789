package netdev

import (
	"os"
	"path/filepath"
	"testing"
)

// fakeUdev is a runtime directory of udev.
type fakeUdev struct {
	tb   testing.TB
	root string
}

func newFakeUdev(tb testing.TB) fakeUdev {
	tb.Helper()
	return fakeUdev{tb, tb.TempDir()}
}

func (f fakeUdev) write(name string) {
	f.tb.Helper()
	path := filepath.Join(f.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("I:4242\n"), 0o644); err != nil {
		f.tb.Fatal(err)
	}
}

func TestUdev_WordFollowsFromItsFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		files []string
		want  Word
	}{
		"no udev":                                {nil, Absent},
		"running, nothing known":                 {[]string{"control"}, Working},
		"running, another device known":          {[]string{"control", "data/n70", "data/n", "data/c7:7", "data/+pci:7"}, Working},
		"running, finished":                      {[]string{"control", "data/n7"}, Finished},
		"stopped, finished before":               {[]string{"data/n7"}, Finished},
		"stopped, it knew other devices":         {[]string{"data/n8"}, Absent},
		"the control file where a directory was": {[]string{"control/x"}, Working},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeUdev(t)
			for _, file := range tt.files {
				f.write(file)
			}
			if got := Udev(f.root).Word(7); got != tt.want {
				t.Errorf("got %v; want %v", got, tt.want)
			}
		})
	}
	t.Run("a root that can't be looked into", func(t *testing.T) {
		f := newFakeUdev(t)
		f.write("file")
		if got := Udev(filepath.Join(f.root, "file")).Word(7); got != Working {
			t.Errorf("got %v; want Working", got)
		}
	})
}
