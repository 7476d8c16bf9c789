package southbound

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

const (
	ourUUID     = "11111111-1111-4111-8111-111111111111"
	anotherUUID = "22222222-2222-4222-8222-222222222222"
)

func us() self { return self{Chassis: "dpu1", Hostname: "dpu1.example.org", UUID: ourUUID} }

func withoutRow() self {
	m := us()
	m.UUID = ""
	return m
}

// plugMe gives a row that asks for a representor, with more said by the changes.
func plugMe(requestedChassis string, options ...string) *ovn.PortBinding {
	r := &ovn.PortBinding{LogicalPort: "lp", Options: map[string]string{"vif-plug-type": "representor"}}
	if requestedChassis != "" {
		r.RequestedChassis = &requestedChassis
	}
	for i := 0; i+1 < len(options); i += 2 {
		r.Options[options[i]] = options[i+1]
	}
	return r
}

func but(r *ovn.PortBinding, change func(*ovn.PortBinding)) *ovn.PortBinding {
	change(r)
	return r
}

// with gives a row with these chassis in requested_additional_chassis.
func with(r *ovn.PortBinding, additional ...string) *ovn.PortBinding {
	r.RequestedAdditional = additional
	return r
}

func TestDispositionOfARow(t *testing.T) {

	for name, c := range map[string]struct {
		row  *ovn.PortBinding
		self self
		want Disposition
	}{
		"requested_chassis is ours":                        {plugMe(ourUUID), us(), Asked},
		"requested_chassis is ours, whatever the option":   {plugMe(ourUUID, option.Chassis, "other"), us(), Asked},
		"requested_chassis is another's":                   {plugMe(anotherUUID), us(), Withdrawn},
		"requested_chassis is another's with our hostname": {plugMe(anotherUUID, option.Chassis, "dpu1.example.org"), us(), Withdrawn},
		"requested_chassis is set, our row is gone":        {plugMe(anotherUUID, option.Chassis, "dpu1"), withoutRow(), Withdrawn},
		"nothing requested":                                {plugMe(""), us(), Withdrawn},
		"nothing requested, our row is gone":               {plugMe(""), withoutRow(), Withdrawn},
		"the option alone is our name":                     {plugMe("", option.Chassis, "dpu1"), us(), Kept},
		"the option alone is our hostname":                 {plugMe("", option.Chassis, "dpu1.example.org"), us(), Kept},
		"the option alone is ours, our row is gone":        {plugMe("", option.Chassis, "dpu1"), withoutRow(), Kept},
		"the option alone lists us":                        {plugMe("", option.Chassis, "other, dpu1 ,third"), us(), Kept},
		"the option alone is another":                      {plugMe("", option.Chassis, "dpu2"), us(), Withdrawn},
		"the option alone begins with our name":            {plugMe("", option.Chassis, "dpu10"), us(), Withdrawn},
		"the option alone has our name in another case":    {plugMe("", option.Chassis, "DPU1"), us(), Withdrawn},
		"the option alone is empty and so is our hostname": {plugMe("", option.Chassis, ",, "), self{Chassis: "dpu1"}, Withdrawn},
		"additional only": {
			with(plugMe(anotherUUID), anotherUUID, ourUUID), us(), Kept,
		},
		"additional and nobody else": {
			with(plugMe(""), ourUUID), us(), Kept,
		},
		"ours and another additional": {
			with(plugMe(ourUUID), anotherUUID), us(), Asked,
		},
		"additional in the option alone, our row is gone": {plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), withoutRow(), Kept},
		"additional in the option alone, our row is new":  {plugMe(anotherUUID, option.Chassis, "dpu2, dpu1.example.org"), us(), Kept},
		"additional in the option alone, beside another that is there": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu3,dpu1"), anotherUUID), us(), Kept,
		},
		"additional in the option, where another has our hostname": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu1.example.org"), anotherUUID),
			us(), Withdrawn,
		},
		"first in the option, our row is gone, and the second stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"),
			withoutRow(), Kept},
		"first in the option, our row is new, and the second stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"), us(), Kept},
		"first in the option, where another has our hostname": {
			with(plugMe(anotherUUID, option.Chassis, "dpu1.example.org,dpu3"), anotherUUID),
			us(), Withdrawn,
		},
		"two commas are one":                  {plugMe(anotherUUID, option.Chassis, "dpu1.example.org,, "), us(), Withdrawn},
		"additional in the option is another": {plugMe(anotherUUID, option.Chassis, "dpu2,dpu3"), us(), Withdrawn},
		"an empty additional is not our missing row": {
			with(plugMe(anotherUUID), ""), withoutRow(), Withdrawn,
		},
		"a type":        {but(plugMe(ourUUID), func(r *ovn.PortBinding) { r.Type = "localport" }), us(), Withdrawn},
		"a sub-port":    {but(plugMe(ourUUID), func(r *ovn.PortBinding) { r.ParentPort = new("parent") }), us(), Withdrawn},
		"another plug":  {plugMe(ourUUID, "vif-plug-type", "other"), us(), Withdrawn},
		"another case":  {plugMe(ourUUID, "vif-plug-type", "Representor"), us(), Withdrawn},
		"an empty plug": {plugMe(ourUUID, "vif-plug-type", ""), us(), Withdrawn},
		"no plug":       {but(plugMe(ourUUID), func(r *ovn.PortBinding) { r.Options = nil }), us(), Withdrawn},
		"type, additional": {
			but(plugMe(anotherUUID), func(r *ovn.PortBinding) { r.Type, r.RequestedAdditional = "virtual", []string{ourUUID} }), us(), Withdrawn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			disposition, why := classify(c.row, c.self)
			if disposition != c.want {
				t.Errorf("disposition %d, want %d (%s)", disposition, c.want, why)
			}
			if why == "" {
				t.Error("the disposition has no reason")
			}
		})
	}
}

func TestFate_AKeptRowTellsWhetherItIsAnotherChassisFirst(t *testing.T) {

	for name, c := range map[string]struct {
		row  *ovn.PortBinding
		self self
		want bool
	}{
		"our own, our row is gone":           {plugMe("", option.Chassis, "dpu1"), withoutRow(), false},
		"our own, and another is additional": {plugMe("", option.Chassis, "dpu1,dpu2"), withoutRow(), false},
		"another's, our row is gone":         {plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), withoutRow(), true},
		"another's, both rows are gone":      {plugMe("", option.Chassis, "dpu2,dpu1"), withoutRow(), true},
		"another's, and we are there": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), ourUUID), us(), true,
		},
		"our own, our row is gone, and the additional one stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"), withoutRow(),
			false},
		"ours now": {plugMe(ourUUID, option.Chassis, "dpu1,dpu2"), us(), false},
	} {
		if b := newBinding(c.row, c.self); b.Additional != c.want || b.Disposition == Withdrawn {
			t.Errorf("%s: %+v, want additional %t", name, b, c.want)
		}
	}
}

func TestReason_IsBoundedAndHasNoControlCharacters(t *testing.T) {
	hostile := strings.Repeat("\x1b[31m\n\xff", 1<<16)
	for _, r := range []*ovn.PortBinding{
		but(plugMe(""), func(r *ovn.PortBinding) { r.Type = hostile }),
		but(plugMe(""), func(r *ovn.PortBinding) { r.ParentPort = &hostile }),
		plugMe("", "vif-plug-type", hostile),
		plugMe(hostile, "requested-chassis", hostile),
	} {
		_, why := classify(r, us())
		if len(why) > 600 || strings.ContainsFunc(why, func(c rune) bool { return c < ' ' || c == '\uFFFD' }) {
			t.Errorf("reason of %d bytes: %.300q", len(why), why)
		}
	}
}

// portModel is what a connection to a Southbound of the installed schema reads ports by.
func portModel(tb testing.TB) model.DatabaseModel {
	tb.Helper()
	var s ovsdb.DatabaseSchema
	b, err := os.ReadFile(servers.SchemaOVNSouthbound)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		tb.Fatal(err)
	}
	m, err := model.NewClientDBModel(ovn.Database, map[string]model.Model{ovn.TablePortBinding: &ovn.PortBinding{}})
	if err != nil {
		tb.Fatal(err)
	}
	db, errs := model.NewDatabaseModel(s, m)
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return db
}

// readPort reads a row as the library does, nil for what is none. What is read, and what isn't, is for package ovn's own tests.
func readPort(db model.DatabaseModel, text string) (p *ovn.PortBinding) {
	defer func() {
		if recover() != nil {
			p = nil
		}
	}()
	var r ovsdb.Row
	if err := json.Unmarshal([]byte(text), &r); err != nil || r == nil {
		return nil
	}
	m, err := model.CreateModel(db, ovn.TablePortBinding, &r, "33333333-3333-4333-8333-333333333333")
	if err != nil {
		return nil
	}
	return ovn.AsPortBinding(m)
}

// A row of a server, whatever it holds, has a disposition, and is asked of us only when
// all that the contract wants is there.
func FuzzClassify(f *testing.F) {
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[]],"options":["map",[["vif-plug-type","representor"]]],
		"requested_chassis":["uuid","`+ourUUID+`"],"requested_additional_chassis":["set",[]],"up":true,"mac":"a"}`, ourUUID)
	f.Add(`{"logical_port":"lp","type":"","parent_port":["set",[""]],"options":["map",[["vif-plug-type","representor"],
		["requested-chassis","a,dpu1"]]],"requested_chassis":["set",[]],
		"requested_additional_chassis":["set",[]],"up":["set",[]],"mac":["set",[]]}`, "")
	f.Add(`{"logical_port":7,"options":["set",[["map",[]]]],"up":["uuid","x"]}`, ourUUID)
	db := portModel(f)
	f.Fuzz(func(t *testing.T, text, uuid string) {
		parsed := readPort(db, text)
		if parsed == nil {
			return
		}
		m := self{Chassis: "dpu1", Hostname: "dpu1.example.org", UUID: uuid}
		b := newBinding(parsed, m)
		requested := deref(parsed.RequestedChassis)
		vif := parsed.Type == "" && deref(parsed.ParentPort) == "" && parsed.Options["vif-plug-type"] == "representor"
		switch b.Disposition {
		case Asked:
			if !vif || uuid == "" || requested != uuid {
				t.Errorf("asked by %+v for %+v", parsed, m)
			}
		case Kept:
			if !vif || requested != "" && !slices.Contains(parsed.RequestedAdditional, uuid) && !m.missing(parsed) {
				t.Errorf("kept by %+v for %+v", parsed, m)
			}
		case Withdrawn:
			if vif && uuid != "" && requested == uuid {
				t.Errorf("withdrawn by %+v for %+v", parsed, m)
			}
		default:
			t.Errorf("disposition %d of %+v", b.Disposition, parsed)
		}
		if b.LogicalPort != parsed.LogicalPort || len(b.Why) > 300 {
			t.Errorf("binding %+v", b)
		}
	})
}
