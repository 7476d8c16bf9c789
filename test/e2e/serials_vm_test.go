//go:build vm

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// boardSerial is the simulated card's, see card.
const boardSerial = "MT2108X00001"

func registering() []scenario {
	return []scenario{
		{"the card's serial number is in the Chassis row, and comes back when it is overwritten", publishesTheSerial},
		{"a placeholder for a serial number is not published, and another card's replaces the old one", refusesAPlaceholder},
		{"a port is bound by the card's serial number, as Neutron does, and unbound", bindsBySerial},
	}
}

// inChassisRow waits until the Chassis row has exactly these ovn-cms-options.
func (d *dpu) inChassisRow(t *testing.T, options string) {
	t.Helper()
	d.until(t, "the Chassis row has ovn-cms-options="+options, func() bool {
		out, err := d.central.TrySbctl("--if-exists", "get", "Chassis", "dpu1", "other_config:ovn-cms-options")
		return err == nil && strings.Trim(out, `"`) == options
	})
}

// unpublished forgets the cards of other scenarios, whose entries stay for a while.
func (d *dpu) unpublished(t *testing.T) {
	t.Helper()
	d.local.Ctl(t, "remove", "Open_vSwitch", ".", "external_ids", "ovn-cms-options", "--",
		"remove", "Open_vSwitch", ".", "external_ids", "representord-card-serial")
}

// withoutCard takes the card away and waits until the daemon has seen that: of a card
// that it doesn't miss it asks the serial number again only once in a while.
func (d *dpu) withoutCard(t *testing.T) {
	t.Helper()
	sim(t, "reset")
	d.awaitStatus(t, "the card is gone", func(s api.Status) bool { return s.Devlink.Representors == 0 })
}

func publishesTheSerial(t *testing.T, d *dpu) {
	d.unpublished(t)
	sim(t, append(card(), vf0)...)
	entry := "card-serial-number=" + boardSerial
	d.inChassisRow(t, entry)
	d.local.Ctl(t, "set", "Open_vSwitch", ".", `external_ids:ovn-cms-options="enable-chassis-as-gw,x:y"`)
	d.inChassisRow(t, "enable-chassis-as-gw,x:y,"+entry)
	out, status := d.ctl(t, "serial")
	if want := []string{"platform/card0", boardSerial, "devlink", "yes", "yes"}; status != 0 ||
		!slices.Equal(strings.Fields(strings.Split(out, "\n")[1]), want) {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	d.local.Ctl(t, "remove", "Open_vSwitch", ".", "external_ids", "ovn-cms-options")
	d.inChassisRow(t, entry)
}

func refusesAPlaceholder(t *testing.T, d *dpu) {
	d.unpublished(t)
	sim(t, append(card(), vf0)...)
	d.inChassisRow(t, "card-serial-number="+boardSerial)
	d.withoutCard(t)
	sim(t, "dev add card0 serial=0000000000",
		"port add card0 1 flavour=pcipf controller=1 external=1 pf=0 mac="+pfMAC+" netdev=pf0hpf")
	d.awaitStatus(t, "the status says that it is refused", func(s api.Status) bool {
		return strings.Contains(strings.Join(s.Problems, "\n"), `"0000000000" of platform/card0`)
	})
	d.inChassisRow(t, "card-serial-number="+boardSerial) // it may come back
	// A card that only serves this machine itself is nobody's to bind to.
	d.withoutCard(t)
	sim(t, "dev add card0 serial=MT2108X00009",
		"port add card0 1 flavour=pcipf controller=0 external=0 pf=0 mac="+pfMAC+" netdev=pf0hpf")
	d.awaitStatus(t, "the card is known", func(s api.Status) bool { return len(s.Problems) == 0 && s.Devlink.Representors == 1 })
	d.inChassisRow(t, "card-serial-number="+boardSerial)
	sim(t, "port add card0 2 flavour=pcipf controller=1 external=1 pf=0 mac="+pfMAC+" netdev=pf0host")
	d.inChassisRow(t, "card-serial-number=MT2108X00009")
}

func bindsBySerial(t *testing.T, d *dpu) {
	d.unpublished(t)
	sim(t, append(card(), vf0, vf1)...)
	d.inChassisRow(t, "card-serial-number="+boardSerial)
	d.central.Nbctl(t, "lsp-add", "net", "vm1", "--", "lsp-set-addresses", "vm1", "unknown", "--", "lsp-set-options", "vm1", "qos_burst=7")
	profile := filepath.Join(t.TempDir(), "profile.json")
	text := `{"pci_vendor_info": "15b3:101e", "pci_slot": "0000:03:00.3", "physical_network": null, "card_serial_number": "` + boardSerial +
		`", "pf_mac_address": "` + pfMAC + `", "vf_num": 1}`
	if err := os.WriteFile(profile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := d.ctl(t, "bind", "vm1", "--profile", profile, "--mtu=1442", "--wait=plugged", "--timeout=30s",
		"--nb="+d.central.NB.Endpoint, "--sb="+d.central.SB.Endpoint)
	if status != 0 || !strings.Contains(out, "plugged     yes") {
		t.Fatalf("exit status %d:\n%s", status, out)
	}
	p := d.awaitPort(t, "vm1", plan.Plugged)
	if r := d.row(t, "pf0vf1"); p.Netdev != "pf0vf1" || r.ifaceID != "vm1" || r.mtu != "1442" {
		t.Errorf("port %+v, row %+v", p, r)
	}
	if out, status := d.ctl(t, "unbind", "vm1", "--nb="+d.central.NB.Endpoint); status != 0 {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	d.await(t, "the port is unplugged", func(ps []api.Port) bool { return len(ps) == 0 })
	if left := d.central.Nbctl(t, "get", "Logical_Switch_Port", "vm1", "options"); strings.Trim(left, "{}") != `qos_burst="7"` {
		t.Errorf("options left: %s", left)
	}
}
