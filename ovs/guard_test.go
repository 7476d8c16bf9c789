package ovs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/test/servers"
)

// A change that was planned on a row is only done to that row.
func TestGuard_AChangeIsRefusedWhenItsRowIsNotWhatItWas(t *testing.T) {
	cases := map[string]struct {
		meanwhile []string // ovs-vsctl arguments
		refused   bool
	}{
		"nothing happened":           {nil, false},
		"another's key was added":    {[]string{"set", "Interface", "pf0vf3", "external_ids:foreign=x"}, false},
		"iface-id was edited":        {[]string{"set", "Interface", "pf0vf3", "external_ids:iface-id=x"}, false},
		"another column was edited":  {[]string{"set", "Interface", "pf0vf3", "options:a=b"}, false},
		"the function was edited":    {[]string{"set", "Interface", "pf0vf3", "external_ids:representord-function=x"}, true},
		"the request was edited":     {[]string{"set", "Interface", "pf0vf3", "external_ids:representord-request=x"}, true},
		"the logical port was taken": {[]string{"remove", "Interface", "pf0vf3", "external_ids", "representord-logical-port"}, true},
		"the built-in provider marked it": {
			[]string{"set", "Interface", "pf0vf3", "external_ids:ovn-plugged=representor"}, true},
		"the port was deleted":    {[]string{"del-port", "br-int", "pf0vf3"}, true},
		"the port is another one": {[]string{"del-port", "br-int", "pf0vf3", "--", "add-port", "br-int", "pf0vf3"}, true},
		"the port was made a bond": {[]string{"--", "--id=@i", "create", "Interface", "name=other", "--", "add", "Port", "pf0vf3",
			"interfaces", "@i"}, true},
		"the port was moved":          {nil, true}, // see below
		"the bridge was made anew":    {[]string{"del-br", "br-int", "--", "add-br", "br-int"}, true},
		"the bridge's datapath is it": {[]string{"set", "Bridge", "br-int", "datapath_type=netdev"}, false},
	}
	for name, c := range cases {
		for _, kind := range []string{"unplug", "edit"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				d, s := bridged(t)
				d.Ctl(t, "add-br", "br-other")
				apply(t, s, plugging(plugOf("pf0vf3", "lport-a")))
				planned := row(t, s, "pf0vf3")
				change := unplugging(planned)
				if kind == "edit" {
					change = Change{Edit: []Edit{{Interface: planned, Set: map[string]string{KeyIfaceIDVer: "new"}}}}
				}
				if name == "the port was moved" {
					c.meanwhile = []string{"remove", "Bridge", "br-int", "ports", planned.PortUUID,
						"--", "add", "Bridge", "br-other", "ports", planned.PortUUID}
				}
				if c.meanwhile != nil {
					d.Ctl(t, c.meanwhile...)
				}
				before := dump(t, d)
				err := applyAll(t, s, []Change{change})[0]
				switch {
				case c.refused && !errors.Is(err, ErrChanged):
					t.Errorf("%v, want ErrChanged", err)
				case !c.refused && err != nil:
					t.Errorf("%v, want none", err)
				}
				if diff := cmp.Diff(before, dump(t, d)); c.refused && diff != "" {
					t.Errorf("a refused change changed the database:\n%s", diff)
				}
			})
		}
	}
}

// A row that the built-in provider has, also one that was ours, is for the port that it names.
func TestGuard_AChangeOfTheProvidersRowIsRefusedWhenTheRowIsForAnotherPortByNow(t *testing.T) {
	for name, marks := range map[string][]string{
		"the provider's own": nil, "one that was ours": {"external_ids:representord-logical-port=old", "external_ids:representord-function=f"},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := bridged(t)
			d.Ctl(t, append([]string{"add-port", "br-int", "n0", "--", "set", "Interface", "n0",
				"external_ids:iface-id=old", "external_ids:ovn-plugged=representor"}, marks...)...)
			servers.Until(t, "the row is seen", func() bool { return s.View().Interfaces["n0"].OVNPlugged != "" })
			planned := row(t, s, "n0")
			d.Ctl(t, "set", "Interface", "n0", "external_ids:iface-id=new")
			for what, c := range map[string]Change{
				"unplug": {LogicalPorts: []string{"old"}, Unplug: []Unplug{{Interface: planned, LeftOver: true}}},
				"edit": {LogicalPorts: []string{"old"},
					Edit: []Edit{{Interface: planned, Set: map[string]string{KeyLogicalPort: "old"}, Delete: []string{KeyOVNPlugged}}}},
			} {
				if err := applyAll(t, s, []Change{c})[0]; !errors.Is(err, ErrChanged) {
					t.Errorf("%s: %v, want ErrChanged", what, err)
				}
			}
		})
	}
}

// What the database itself guards, whatever the view was when the change was planned.
func TestGuard_APlugIsRefusedByTheDatabase(t *testing.T) {
	cases := map[string]struct {
		meanwhile []string
		want      error // nil for none
	}{
		"a port has the name":                 {[]string{"add-port", "br-other", "pf0vf3"}, &RefusedError{}},
		"an interface in a bond has the name": {[]string{"add-bond", "br-other", "bond0", "pf0vf3", "pf0vf4"}, &RefusedError{}},
		"a bridge has the name":               {[]string{"add-br", "pf0vf3"}, &RefusedError{}},
		"the datapath is in user space":       {[]string{"set", "Bridge", "br-int", "datapath_type=netdev"}, ErrChanged},
		"the bridge was made anew":            {[]string{"del-br", "br-int", "--", "add-br", "br-int"}, ErrChanged},
		"the bridge is gone":                  {[]string{"del-br", "br-int"}, ErrChanged},
		"a port has a longer name":            {[]string{"add-port", "br-int", "pf0vf33"}, nil},
		"another bridge's datapath changed":   {[]string{"set", "Bridge", "br-other", "datapath_type=netdev"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, s := bridged(t)
			if err := s.own(t.Context(), s.conn, "br-int"); err != nil {
				t.Fatal(err)
			}
			v := s.View()
			d.Ctl(t, "add-br", "br-other")
			d.Ctl(t, c.meanwhile...)
			before := dump(t, d)
			commit := committer{
				conn:    s.conn,
				on:      target{uuid: v.BridgeUUID, name: "br-int"},
				changes: []Change{plugging(plugOf("pf0vf3", "lport-a"))},
				errs:    make([]error, 1),
			}
			commit.run(t.Context(), []int{0})
			err := commit.errs[0]
			var refused *RefusedError
			switch {
			case c.want == nil:
				if err != nil {
					t.Errorf("%v, want none", err)
				}
				return
			case errors.As(c.want, &refused):
				if !errors.As(err, &refused) || refused.Kind != "constraint violation" || !strings.Contains(err.Error(), "pf0vf3") {
					t.Errorf("%v, want a constraint violation that names pf0vf3", err)
				}
			case !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			}
			if diff := cmp.Diff(before, dump(t, d)); diff != "" {
				t.Errorf("a refused plug changed the database:\n%s", diff)
			}
		})
	}
}

// What the database would let pass, and the view forbids.
func TestGuard_APlugIsRefusedByWhatIsSeen(t *testing.T) {
	lport := "external_ids:iface-id=lport-a"
	cases := map[string]struct {
		first []string
		want  error // nil for none
	}{
		"the datapath is in user space":  {[]string{"set", "Bridge", "br-int", "datapath_type=netdev"}, ErrChanged},
		"the datapath is the kernel's":   {[]string{"set", "Bridge", "br-int", "datapath_type=system"}, nil},
		"another interface has the port": {[]string{"add-port", "br-int", "x", "--", "set", "Interface", "x", lport}, ErrChanged},
		"it is parked at another": {[]string{"add-port", "br-int", "x", "--", "set", "Interface", "x",
			"external_ids:representord-parked-iface-id=lport-a"}, ErrChanged},
		"another bridge has the port": {[]string{"add-port", "br-other", "x", "--", "set", "Interface", "x", lport}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d, s := bridged(t)
			d.Ctl(t, "add-br", "br-other", "--", "add-port", "br-int", "other")
			d.Ctl(t, append(c.first, "--", "add-port", "br-int", "last")...)
			servers.Until(t, "the change is seen", func() bool { return s.View().PortNames["last"] })
			if err := applyAll(t, s, []Change{plugging(plugOf("pf0vf3", "lport-a"))})[0]; !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestGuard_NothingIsDoneToRowsThatAreNotOurs(t *testing.T) {
	d, s := bridged(t)
	d.Ctl(t, "add-br", "br-other", "--", "add-port", "br-int", "foreign", "--", "add-port", "br-other", "marked",
		"--", "set", "Interface", "marked", "external_ids:representord-logical-port=x")
	servers.Until(t, "the ports are seen", func() bool { return s.View().PortNames["marked"] && s.View().PortNames["foreign"] })
	before := dump(t, d)
	foreign, other := row(t, s, "foreign"), row(t, s, "marked")
	alone := other
	alone.PortUUID, alone.Bridge = "", ""
	for name, c := range map[string]Change{
		"unplug of an unmarked row":        unplugging(foreign),
		"edit of an unmarked row":          {Edit: []Edit{{Interface: foreign, Set: map[string]string{KeyIfaceID: "x"}}}},
		"unplug on another bridge":         unplugging(other),
		"edit on another bridge":           {Edit: []Edit{{Interface: other, Set: map[string]string{KeyIfaceID: "x"}}}},
		"unplug of a row without a port":   unplugging(alone),
		"plug without a name":              plugging(plugOf("", "lport-a")),
		"plug without a logical port":      plugging(plugOf("pf0vf3", "")),
		"plug with a NUL":                  plugging(plugOf("pf0vf3", "a\x00b")),
		"plug with what is not UTF-8":      plugging(plugOf("pf0vf3", "a\xffb")),
		"a good plug with a bad one in it": plugging(plugOf("pf0vf3", "lport-a"), plugOf("", "b")),
	} {
		if err := applyAll(t, s, []Change{c})[0]; !errors.Is(err, ErrInvalidChange) && !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	if diff := cmp.Diff(before, dump(t, d)); diff != "" {
		t.Errorf("the database changed:\n%s", diff)
	}
}
