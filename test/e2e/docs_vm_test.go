//go:build vm && full

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/test/pages"
)

// TestDocuments types what the pages show, as it stands there, block by block, on a DPU, its
// hypervisor and the machine with OVN's databases, all of which this one plays.
func TestDocuments(t *testing.T) {
	blocks, err := pages.RunBy(".", "test/e2e/docs_vm_test.go")
	if err != nil {
		t.Fatal(err)
	}
	read := chapters()
	w := newWard(t)
	for len(blocks) > 0 {
		page := blocks[0].Page
		end := slices.IndexFunc(blocks, func(b pages.Block) bool { return b.Page != page })
		if end < 0 {
			end = len(blocks)
		}
		t.Run(page, func(t *testing.T) {
			defer w.reset(t)
			c, there := read[page]
			if !there {
				t.Fatalf("%s: nothing here says on what machines its commands are to be run", blocks[0])
			}
			newReader(t, w).reads(t, c, blocks[:end])
		})
		delete(read, page)
		blocks = blocks[end:]
	}
	for page := range read {
		t.Errorf("%s has no commands that are run here", page)
	}
}

// chapter is the world in which a page is read, and what happens in it around a block,
// which is named by the beginning of its first command.
type chapter struct {
	begins        func(*testing.T, *reader)
	before, after map[string]func(*testing.T, *reader)
}

func chapters() map[string]chapter {
	type steps = map[string]func(*testing.T, *reader)
	const binds = "ssh root@hypervisor vf-reporter profile"
	return map[string]chapter{
		"README.md": {
			begins: func(t *testing.T, r *reader) { inService(t, r); r.must(t, "ovn-nbctl --if-exists ls-del net1") },
			before: steps{binds: vm1Unbound},
			after:  steps{"ovn-nbctl ls-add net1": vm1Plugged, binds: vm1Plugged},
		},
		"docs/bluefield.md": {
			begins: func(t *testing.T, r *reader) {
				r.card(t, "legacy")
				readersHost(t)
				r.must(t, "ovn-nbctl --if-exists ls-del net1")
			},
			before: steps{
				"representorctl doctor": func(t *testing.T, r *reader) { r.published(t, true) },
				"representorctl explain": func(t *testing.T, r *reader) {
					r.until(t, "every step is as it should be", func() bool { _, status := r.sh(t, "representorctl explain vm1"); return status == 0 })
				},
			},
			// The card's firmware shows the VFs on the DPU.
			after: steps{"echo 4 >/sys/class/net/": func(t *testing.T, r *reader) { r.vfs(t, 4) }, "ovn-nbctl ls-add net1": vm1Plugged},
		},
		"docs/hypervisor.md": {
			begins: func(t *testing.T, r *reader) { inService(t, r); r.must(t, "ovn-nbctl lsp-add net1 vm1") },
			before: steps{
				"ssh root@HYPERVISOR": vm1Unbound,
				"vf-reporter list --device-spec": func(t *testing.T, r *reader) {
					r.writes(t, "device_spec.json", `{"vendor_id": "15b3", "product_id": "101e", "remote_managed": "true"}`)
				},
			},
			after: steps{"ovn-nbctl set Logical_Switch_Port vm1": vm1Plugged, "ssh root@HYPERVISOR": vm1Plugged},
		},
		"docs/drawing.md": {
			begins: func(t *testing.T, r *reader) {
				asked(t, r)
				r.must(t, "devlink -j port show >"+filepath.Join(r.dir, "ports.json"))
			},
			after: steps{"representorctl draw": func(t *testing.T, r *reader) {
				if drawn, err := os.ReadFile(filepath.Join(r.dir, "card.svg")); err != nil || !strings.Contains(string(drawn), "<svg") {
					t.Errorf("nothing is drawn: %v", err)
				}
			}},
		},
		"docs/failure-modes.md": {
			begins: asked,
			before: steps{"representorctl doctor": func(t *testing.T, r *reader) { r.published(t, true) }},
		},
		"docs/monitoring.md": {begins: asked},
		"docs/options.md":    {begins: asked},
	}
}

// readersHost is what the card is plugged into, where it has the addresses and names of the pages, and no VF yet.
func readersHost(t *testing.T) {
	t.Helper()
	newHost(t, "bus add 0001:03-03",
		"dev add "+firstPF+" serial="+boardSerial+" mac="+pfMAC+" netdev=ens1f0np0 vfs=8 vf-netdev=ens1f0v vf-offset=2")
}

// inService is a card whose PF has VFs, here and on the hypervisor.
func inService(t *testing.T, r *reader) {
	t.Helper()
	r.card(t, "switchdev")
	readersHost(t)
	enable(t, 4)
	r.vfs(t, 4)
	r.published(t, true)
}

// asked is a card with a port that is plugged.
func asked(t *testing.T, r *reader) {
	t.Helper()
	r.card(t, "switchdev")
	r.vfs(t, 4)
	r.ask(t, pfMAC)
	vm1Plugged(t, r)
}

// vm1Plugged waits until vm1 is.
func vm1Plugged(t *testing.T, r *reader) {
	t.Helper()
	r.until(t, "vm1 is plugged", func() bool {
		e, err := r.explained()
		return err == nil && e.Plugged
	})
}

// vm1Unbound takes vm1 from its VF, for a page that shows another way to bind it.
func vm1Unbound(t *testing.T, r *reader) {
	t.Helper()
	r.must(t, "representorctl unbind vm1")
	r.until(t, "vm1 is down", func() bool {
		ports, _ := r.sh(t, "representorctl ports -j")
		up, status := r.sh(t, "ovn-nbctl get Logical_Switch_Port vm1 up")
		return status == 0 && !strings.Contains(ports, "vm1") && strings.TrimSpace(up) == "false"
	})
}

// reader types what a page shows.
type reader struct {
	*ward
	dir string
}

func newReader(t *testing.T, w *ward) *reader {
	t.Helper()
	r := &reader{ward: w, dir: t.TempDir()}
	// The hypervisor is this machine: what ssh is to run there a shell runs here.
	r.writes(t, "ssh", "#!/bin/sh\nshift\nexec sh -c \"$*\"\n")
	return r
}

func (r *reader) writes(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// examples are the values in the pages that are others on this machine.
func examples() *strings.Replacer {
	return strings.NewReplacer(
		"pci/0000:03:00.0", "platform/card0", // the DPU's card
		"0000:03:", "0001:03:", // on the hypervisor, whose simulated buses are in domains of their own
		"ssl:192.0.2.1:6642", "unix:/run/ovn/ovnsb_db.sock",
		"ovn-encap-ip=192.0.2.7", "ovn-encap-ip=127.0.0.1",
		"MT2206X07512", boardSerial,
		"LOGICAL-PORT", "vm1",
		"representorctl events --follow", "timeout 3 representorctl events --follow || [ $? -eq 124 ]", // it has no end
	)
}

// reads types the blocks of a page, in one shell each.
func (r *reader) reads(t *testing.T, c chapter, blocks []pages.Block) {
	t.Helper()
	c.begins(t, r)
	met := map[string]bool{}
	around := func(b pages.Block, steps map[string]func(*testing.T, *reader)) {
		for beginning, step := range steps {
			if strings.HasPrefix(b.Commands()[0], beginning) {
				met[beginning] = true
				step(t, r)
			}
		}
	}
	for _, b := range blocks {
		around(b, c.before)
		shell := fmt.Sprintf("cd %s; PATH=%[1]s:$PATH; set -euxo pipefail\n", r.dir)
		if out, status := r.sh(t, shell+examples().Replace(b.Text)); status != 0 {
			t.Fatalf("%s: exit status %d\n%s\n%s", b, status, out, r.daemon.Log())
		}
		around(b, c.after)
	}
	for _, steps := range []map[string]func(*testing.T, *reader){c.before, c.after} {
		for beginning := range steps {
			if !met[beginning] {
				t.Errorf("%s has no block that begins with %q", blocks[0].Page, beginning)
			}
		}
	}
}
