package northbound

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/profile"
)

func vf(number int) *profile.Profile {
	return &profile.Profile{
		VendorInfo: "15b3:101e", Slot: "0000:03:00.5", Serial: "MT1", PFMAC: "00:53:00:00:00:42", VFNum: number,
	}
}

// apply gives a port's options as they are after a change.
func apply(p *Port, c Change) map[string]string {
	after := maps.Clone(p.Options)
	if after == nil {
		after = map[string]string{}
	}
	for _, key := range c.Delete {
		delete(after, key)
	}
	maps.Copy(after, c.Set)
	return after
}

func TestBind_SetsWhatNeutronSets(t *testing.T) {
	dpu := chassis("dpu1", "dpu1.example", "")
	neutron := map[string]string{
		"requested-chassis": "dpu1.example", "vif-plug-type": "representor",
		"vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:vf-num": "3",
	}
	with := func(more ...string) map[string]string {
		m := maps.Clone(neutron)
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	for _, c := range []struct {
		name string
		was  map[string]string
		mtu  int
		want map[string]string
	}{
		{"a port without options", nil, 0, neutron},
		{"other options stay", map[string]string{"qos_burst": "1", "iface-id-ver": "7"}, 0, with("qos_burst", "1", "iface-id-ver", "7")},
		{"another binding is replaced", map[string]string{"requested-chassis": "old", "vif-plug:representor:vf-num": "9",
			"vif-plug-mtu-request": "1500"}, 0, with("vif-plug-mtu-request", "1500")},
		{"no MTU is asked for any more", map[string]string{"vif-plug-mtu-request": "1500"}, NoMTU, neutron},
		{"no MTU is asked for, and none was", nil, NoMTU, neutron},
		{"an MTU is asked for", map[string]string{"vif-plug-mtu-request": "1500"}, 1442, with("vif-plug-mtu-request", "1442")},
		{"representord's own options stay where they fit", map[string]string{
			"vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:controller": "2",
			"vif-plug:representor:card-serial-number": "MT1",
		}, 0, with("vif-plug:representor:controller", "2", "vif-plug:representor:card-serial-number", "MT1")},
		{"and go where they contradict it", map[string]string{
			"vif-plug:representor:sf-num": "88", "vif-plug:representor:controller": "2", "vif-plug:representor:card-serial-number": "OLD",
		}, 0, neutron},
		{"all is so already", with("x", "y"), 0, with("x", "y")},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Port{Options: c.was}
			change := PlanBind(p, vf(3), dpu, c.mtu)
			if diff := cmp.Diff(c.want, apply(p, change)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if change.Nothing() != maps.Equal(c.was, c.want) {
				t.Errorf("%+v", change)
			}
		})
	}
}

func TestBind_APortIsBoundAnewWhenAnotherFunctionOrChassisIsAskedFor(t *testing.T) {
	dpu := chassis("dpu1", "dpu1.example", "")
	for _, c := range []struct {
		option, was string
		want        bool
	}{
		{option.MTU, "1500", false},
		{"qos_burst", "1", false},
		{option.Chassis, "dpu1", false},
		{option.CardSerial, "MT1", false},
		{option.Chassis, "dpu2", true},
		{option.Chassis, "", true},
		{option.Type, "dummy", true},
		{option.PFMAC, "00:53:00:00:00:43", true},
		{option.VFNum, "2", true},
		{option.SFNum, "88", true},
		{option.CardSerial, "OLD", true},
	} {
		t.Run(c.option+"="+c.was, func(t *testing.T) {
			p := &Port{Options: PlanBind(&Port{}, vf(3), dpu, 0).Set}
			p.Options[c.option] = c.was
			if change := PlanBind(p, vf(3), dpu, 0); change.Anew != c.want {
				t.Errorf("%+v, want it anew: %v", change, c.want)
			}
		})
	}
}

func TestBind_AndUnbindLeaveEveryOtherOption(t *testing.T) {
	own := []string{option.SFNum, option.Controller, option.CardSerial}
	mine := []string{option.Chassis, option.Type, option.MTU, option.PFMAC, option.VFNum}
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom(append(slices.Concat(own, mine), "a", "b", "vif-plug-other", "vif-plug:representor:new"))
		p := &Port{Options: rapid.MapOf(keys, rapid.String()).Draw(t, "options")}
		mtu := rapid.SampledFrom([]int{0, 68, 9000}).Draw(t, "mtu")
		dpu := chassis("dpu1", "dpu1.example", "")
		others := func(m map[string]string) map[string]string {
			m = maps.Clone(m)
			maps.DeleteFunc(m, func(key, _ string) bool { return slices.Contains(slices.Concat(own, mine), key) })
			return m
		}
		after := &Port{Options: apply(p, PlanBind(p, vf(0), dpu, mtu))}
		if diff := cmp.Diff(others(p.Options), others(after.Options)); diff != "" {
			t.Fatalf("others' options (-before +bound):\n%s", diff)
		}
		if again := PlanBind(after, vf(0), dpu, mtu); !again.Nothing() {
			t.Fatalf("bound again: %+v", again)
		}
		change, err := PlanUnbind(after)
		if err != nil {
			t.Fatalf("what was bound can't be unbound: %v", err)
		}
		end := apply(after, change)
		for _, key := range mine {
			if _, there := end[key]; there {
				t.Fatalf("unbound, %s is still there", key)
			}
		}
		if diff := cmp.Diff(others(p.Options), others(end)); diff != "" {
			t.Fatalf("others' options (-before +unbound):\n%s", diff)
		}
	})
}

func TestUnbind_TakesNothingFromAPortThatIsNotBoundToARepresentor(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]string
		want    []string
		refused bool
	}{
		{name: "no options"},
		{name: "an ordinary port that is tied to a chassis",
			options: map[string]string{"requested-chassis": "dpu1", "vif-plug-mtu-request": "1500"}},
		{
			name: "bound", options: map[string]string{"requested-chassis": "dpu1", "vif-plug-type": "representor",
				"vif-plug:representor:vf-num": "1", "qos": "7"},
			want: []string{"requested-chassis", "vif-plug-type", "vif-plug:representor:vf-num"},
		},
		{
			name:    "bound, but for the type",
			options: map[string]string{"requested-chassis": "dpu1", "vif-plug:representor:pf-mac": "00:53:00:00:00:42"},
			want:    []string{"requested-chassis", "vif-plug:representor:pf-mac"},
		},
		{
			name: "an option of a later release", options: map[string]string{"requested-chassis": "dpu1", "vif-plug:representor:new": "1"},
			want: []string{"requested-chassis"},
		},
		{name: "another provider's", options: map[string]string{"requested-chassis": "dpu1", "vif-plug-type": "dummy"}, refused: true},
		{name: "another provider's, with options of ours",
			options: map[string]string{"vif-plug-type": "dummy", "vif-plug:representor:vf-num": "1"}, refused: true},
		{name: "a type that is empty", options: map[string]string{"requested-chassis": "dpu1", "vif-plug-type": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			change, err := PlanUnbind(&Port{Name: "p", Options: c.options})
			if len(change.Set) != 0 || !slices.Equal(change.Delete, c.want) {
				t.Errorf("%+v, want that %v go", change, c.want)
			}
			var failed *Error
			if (errors.As(err, &failed) && failed.Kind == Refused) != c.refused || !c.refused && err != nil || c.refused &&
				!strings.Contains(err.Error(), `logical port "p" is not bound`) {
				t.Errorf("%v, refused should be %v", err, c.refused)
			}
		})
	}
}

func TestBind_PortsThatMustNotBeChangedAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		port  Port
		force bool
		says  string // empty: not refused
	}{
		{name: "an ordinary port", port: Port{ExternalIDs: map[string]string{"owner": "me"}}},
		{name: "Neutron's", port: Port{ExternalIDs: map[string]string{"a": "b", "neutron:port_name": "x"}},
			says: `logical port "p" is Neutron's (external_ids:neutron:port_name)`},
		{name: "Neutron's, by force", port: Port{ExternalIDs: map[string]string{"neutron:port_name": "x"}}, force: true},
		{name: "a router's", port: Port{Type: "router"}, force: true, says: `of type "router"`},
		{name: "a container's", port: Port{ParentName: new("vm1")}, says: `container port of "vm1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.port.Name = "p"
			err := c.port.check(c.force)
			var failed *Error
			if c.says == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errors.As(err, &failed) || failed.Kind != Refused || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}
