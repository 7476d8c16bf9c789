package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostBytes is how large the program may be, stripped as make build does it.
const mostBytes = 8 << 20

func TestProgram_IsSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > mostBytes {
		t.Errorf("%s has %d bytes, more than %d", name, info.Size(), mostBytes)
	}
}

func TestProgram_LinksNothingThatTalksToOthers(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list gives %d packages", len(deps))
	}
	for _, dep := range deps {
		for _, forbidden := range []string{
			"libovsdb", "cenkalti/rpc2", "prometheus", "spf13/viper", "net/http", "crypto/tls", "os/exec",
			"representord/ovn", "representord/ovs", "representord/dbconn", "representord/plug", "representord/control", "representord/config",
		} {
			if strings.Contains(dep, forbidden) && !strings.Contains(dep, "internal") {
				t.Errorf("%s is linked", dep)
			}
		}
	}
}
