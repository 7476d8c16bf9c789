package doctor

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/diagnose"
)

func TestUpcalls_AreJudgedByWhatTheDatapathLost(t *testing.T) {
	for _, tt := range []struct {
		name   string
		counts datapath.Statistics
		err    error
		want   diagnose.Verdict
		says   string // in the finding or the remedy
	}{
		{"all is well", datapath.Statistics{Hit: 1000, Missed: 20, Flows: 5}, nil, diagnose.OK, "none was lost of 20"},
		{"nothing has come yet", datapath.Statistics{}, nil, diagnose.OK, "none was lost of 0"},
		{"every packet lost, as seen with Open vSwitch 3.1.0", datapath.Statistics{Missed: 47, Lost: 47}, nil, fail, "each of the 47"},
		{"and the remedy", datapath.Statistics{Missed: 47, Lost: 47}, nil, fail, "systemctl restart openvswitch-switch"},
		{"every packet lost, and some that a flow handed up", datapath.Statistics{Missed: 5, Lost: 6}, nil, fail, "each of the 6"},
		{"too few for that", datapath.Statistics{Missed: 4, Lost: 4}, nil, warn, "of 4 packets that had no flow, the kernel lost 4"},
		{"one came through", datapath.Statistics{Missed: 48, Lost: 47}, nil, warn, "of 48 packets that had no flow, the kernel lost 47"},
		{"lost while ovs-vswitchd was away", datapath.Statistics{Hit: 1, Missed: 47, Lost: 47}, nil, warn, "ovs-dpctl show"},
		{"no datapath", datapath.Statistics{}, fmt.Errorf("datapath: %w", fs.ErrNotExist), unknown, "openvswitch-switch"},
		{"not to be read", datapath.Statistics{}, os.ErrPermission, unknown, "permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := healthy()
			h.Datapath, h.DatapathErr = tt.counts, tt.err
			d := Examine(h)
			for _, c := range d.Checks {
				if c.Name != "upcalls" {
					continue
				}
				if c.Verdict != tt.want || !strings.Contains(c.Finding+c.Remedy, tt.says) || (c.Remedy == "") != (tt.want == diagnose.OK) {
					t.Errorf("%+v; want %s, with %q", c, tt.want, tt.says)
				}
				return
			}
			t.Error("there is no such check")
		})
	}
}
