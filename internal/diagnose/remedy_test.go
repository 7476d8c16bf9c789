package diagnose

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

func TestRemedy_HasEachNameThatIsKnownAsAWordAndTheOthersInCapitals(t *testing.T) {
	for name, tt := range map[string]struct {
		names Names
		code  reason.Code
		want  string
	}{
		"a port that needs quotes": {Names{Port: "my port", Option: "vif-plug:representor:vf-num"}, reason.CodeIgnoredOption,
			"`ovn-nbctl set Logical_Switch_Port 'my port' 'options:\"vif-plug:representor:vf-num\"=VALUE'`"},
		"a port that is named like an option": {Names{InTheWay: "-v"}, reason.CodeFunctionTaken, "`representorctl explain -- -v`"},
		"nothing is known":                    {Names{}, reason.CodeNotEthernet, "`devlink port set DEVICE/INDEX type eth`"},
		"no name of a row":                    {Names{Netdev: "pf0vf0"}, reason.CodeInterfaceError, "`ovs-vsctl list Interface NAME`"},
	} {
		if got := tt.names.Remedy(tt.code); !strings.Contains(got, tt.want) || strings.ContainsAny(got, "{}") {
			t.Errorf("%s: %q, want it to have %s", name, got, tt.want)
		}
	}
	if got := (Names{}).Remedy("no-such-code"); got != "" {
		t.Errorf("a code that is none: %q", got)
	}
}

func TestRemedy_NoneHasAPlaceThatNothingFills(t *testing.T) {
	for code := range meanings() {
		if got := (Names{}).Remedy(code); strings.ContainsAny(got, "{}") || strings.Count(got, "`")%2 != 0 {
			t.Errorf("%s: %q", code, got)
		}
	}
}

func TestDatapath_OneThatIsMeantIsLeftAsItIs(t *testing.T) {
	if got := Datapath(ovs.View{Bridge: "br-int", DatapathType: "netdev"}); !strings.Contains(got,
		"`ovs-vsctl set Bridge br-int datapath_type=system`") {
		t.Errorf("%q", got)
	}
	if got := Datapath(ovs.View{Bridge: "br-int", DatapathType: "netdev", DPDK: true}); strings.Contains(got, "`") ||
		!strings.HasPrefix(got, "leave the bridge as it is") {
		t.Errorf("%q", got)
	}
}

func TestVerdict_WhatIsPrintedIsShortAndAFailureStandsOut(t *testing.T) {
	for v, want := range map[Verdict]string{OK: "ok", Warning: "warn", Failed: "FAIL", Unknown: "unknown", Skipped: "skipped"} {
		if got := v.String(); got != want {
			t.Errorf("%q is printed as %s, want %s", string(v), got, want)
		}
	}
}
