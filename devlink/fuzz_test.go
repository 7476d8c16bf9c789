package devlink

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seed adds the attributes of the golden messages in a file.
func seed(f *testing.F, files ...string) {
	f.Helper()
	for _, file := range files {
		for _, body := range bodies(f, golden(f, file)) {
			f.Add(body)
		}
	}
}

func FuzzDecodePort(f *testing.F) {
	seed(f, "ports-bluefield-5.4.hex", "ports-bluefield-6.8.hex", "ports-linux-6.1.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePort(b)
		if err != nil {
			if p != (Port{}) {
				t.Errorf("got %+v with error %v; want nothing", p, err)
			}
			return
		}
		if _, err := newHandle(p.Handle.Bus, p.Handle.Device); err != nil {
			t.Errorf("an identity that isn't plain text got through: %v", err)
		}
		if p.Function != nil && len(p.Function.HWAddr) > maxAddrLen {
			t.Errorf("an address of %d bytes got through", len(p.Function.HWAddr))
		}
		if again, err := decodePort(b); err != nil || !cmp.Equal(p, again) {
			t.Errorf("decoded again: %+v, %v; want %+v", again, err, p)
		}
	})
}

func FuzzDecodeInfo(f *testing.F) {
	seed(f, "info.hex", "info-linux-6.1.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := decodeInfo(b)
		if err != nil && !cmp.Equal(info, Info{}) {
			t.Errorf("got %+v with error %v; want nothing", info, err)
		}
	})
}

func FuzzDecodeEswitchMode(f *testing.F) {
	seed(f, "eswitch.hex", "eswitch-linux-6.1.hex")
	f.Fuzz(func(t *testing.T, b []byte) {
		if mode, err := decodeEswitchMode(b); err == nil && mode.String() == "" {
			t.Errorf("mode %d has no text", mode)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ports, err := ParseJSON(bytes.NewReader(b))
		if err == nil && ports == nil {
			t.Error("neither ports nor an error")
		}
		for _, p := range ports {
			if _, err := newHandle(p.Handle.Bus, p.Handle.Device); err != nil {
				t.Errorf("an identity that isn't plain text got through: %v", err)
			}
			if p.IfIndex != 0 {
				t.Errorf("ifindex %d; JSON has none", p.IfIndex)
			}
		}
	})
}
