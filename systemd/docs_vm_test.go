//go:build vm && full

package systemd_test

import (
	"strings"
	"testing"

	"github.com/representord/representord/test/pages"
)

// What the pages show for the service is run as it stands, from the installed unit to its end.
func TestDocuments_WhatTheyShowForTheServiceIsRun(t *testing.T) {
	blocks, err := pages.RunBy(".", "systemd/docs_vm_test.go")
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	defer h.tell()
	h.must("systemctl disable --now representord") // as make install leaves it
	for i, b := range blocks {
		for _, command := range b.Commands() {
			h.runs(command)
		}
		if i == 0 {
			h.await("the daemon runs, and has published the card's serial number", "representorctl serial")
		}
	}
	if ids := h.must("ovs-vsctl get Open_vSwitch . external_ids"); strings.Contains(ids, "card-serial-number") {
		t.Errorf("after --cleanup the serial number is published still: %s", ids)
	}
	if out, err := h.sh("systemctl is-enabled representord || systemctl is-active representord"); err == nil {
		t.Errorf("after disable --now: %s", out)
	}
}
