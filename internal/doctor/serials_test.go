package doctor

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
)

// ovn-controller writes the numbers where some releases of Neutron don't look, which is no
// fault of the host's.
func TestSerialPublished_WhereAnOldNeutronDoesNotLookIsSaid(t *testing.T) {
	h := healthy()
	h.Chassis[0].ExternalIDs = nil
	d := Examine(h)
	at := slices.IndexFunc(d.Checks, func(c diagnose.Check) bool { return c.Name == "serial-published" })
	if c := d.Checks[at]; !d.Healthy || c.Verdict != diagnose.OK || !strings.Contains(c.Finding, "21.0") ||
		!strings.Contains(c.Finding, "representorctl serial") {
		t.Errorf("%+v", c)
	}
}

func TestSerialPublished_OneThatNoDaemonPublishesFollowsFromThat(t *testing.T) {
	for want, err := range map[string]error{
		"the daemon, which publishes it, doesn't run: see daemon above": &api.UnreachableError{Err: fs.ErrNotExist},
		"the daemon, which publishes it, doesn't answer: see daemon above": &api.UnreachableError{Hangs: true,
			Err: errors.New("nothing came within 5s")},
	} {
		h := healthy()
		h.Local.ExternalIDs, h.Config.RegisterCardSerial, h.Daemon, h.DaemonErr = nil, true, nil, err
		for _, c := range Examine(h).Checks {
			if c.Name == "serial-published" && (c.Verdict != fail || !strings.HasSuffix(c.Finding, want)) {
				t.Errorf("%+v, want that %s", c, want)
			}
		}
	}
}
