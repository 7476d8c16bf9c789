package servers

import "testing"

func TestRestoreInPlace_BringsBackTheRowsUnderOtherUUIDs(t *testing.T) {
	d := OpenVSwitch(t)
	d.Ctl(t, "add-br", "br-old")
	before := d.Ctl(t, "get", "Bridge", "br-old", "_uuid")
	backup := d.Backup(t, "Open_vSwitch")
	d.Ctl(t, "del-br", "br-old", "--", "add-br", "br-new")
	d.RestoreInPlace(t, "Open_vSwitch", backup)
	if got := d.Ctl(t, "list-br"); got != "br-old" {
		t.Errorf("bridges %q, want br-old", got)
	}
	if after := d.Ctl(t, "get", "Bridge", "br-old", "_uuid"); after == before {
		t.Errorf("it has the uuid %s that it had", after)
	}
}
