package northbound

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
)

type binding = ovn.PortBinding

func TestAwait_WhatIsMissingIsSaidAsFarAsTheSouthboundKnows(t *testing.T) {
	target := &Target{Port: "vm1", Profile: vf(3), Chassis: chassis("dpu1", "dpu1.example", "")}
	bound := func() *ovn.PortBinding {
		return &ovn.PortBinding{
			Options: map[string]string{option.Type: "representor", option.PFMAC: "00:53:00:00:00:42", option.VFNum: "3",
				option.Chassis: "dpu1.example"},
			RequestedChassis: new("row-dpu1"), Chassis: new("row-dpu1"), Up: new(true),
		}
	}
	for _, c := range []struct {
		name   string
		change func(*binding, *ovn.Chassis)
		gone   bool // the Port_Binding
		want   string
	}{
		{name: "nothing", change: func(*binding, *ovn.Chassis) {}},
		{name: "the Port_Binding", change: func(*binding, *ovn.Chassis) {}, gone: true, want: "no Port_Binding"},
		{name: "the options", change: func(b *binding, _ *ovn.Chassis) { delete(b.Options, option.Type) }, want: "has not copied the options"},
		{name: "the right VF", change: func(b *binding, _ *ovn.Chassis) { b.Options[option.VFNum] = "2" }, want: "has not copied the options"},
		{name: "the Chassis row", change: func(_ *binding, c *ovn.Chassis) { c.Name = "other" }, want: "is ovn-controller running there?"},
		{name: "the serial number", change: func(_ *binding, c *ovn.Chassis) { c.OtherConfig = nil }, want: `lacks card serial number "MT1"`},
		{name: "a chassis of that hostname", change: func(b *binding, _ *ovn.Chassis) { b.RequestedChassis, b.Chassis = nil, nil },
			want: "found no chassis for requested-chassis=dpu1.example"},
		{name: "our chassis", change: func(b *binding, _ *ovn.Chassis) { b.RequestedChassis = new("row-x") },
			want: `asks for another chassis than "dpu1"`},
		{name: "a claim", change: func(b *binding, _ *ovn.Chassis) { b.Chassis, b.Up = nil, new(false) },
			want: "run on \"dpu1.example\": representorctl explain vm1"},
		{name: "our claim", change: func(b *binding, _ *ovn.Chassis) { b.Chassis = new("row-x") }, want: "another chassis than"},
		{name: "flows", change: func(b *binding, _ *ovn.Chassis) { b.Up = new(false) }, want: "installing its flows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, ch := bound(), chassis("dpu1", "dpu1.example", "card-serial-number=MT1")
			c.change(b, &ch)
			if c.gone {
				b = nil
			}
			got := target.Missing([]ovn.Chassis{chassis("a", "a", ""), ch}, b)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestAwait_UpIsStaleUntilThePortWasSeenOtherwiseWhileItWasAskedForTheTarget(t *testing.T) {
	dpu := chassis("dpu1", "dpu1.example", "card-serial-number=MT1")
	row := func(vf, chassis string, up bool) *ovn.PortBinding {
		return &ovn.PortBinding{
			Options:          map[string]string{option.Type: "representor", option.PFMAC: "00:53:00:00:00:42", option.VFNum: vf},
			RequestedChassis: new("row-dpu1"), Chassis: &chassis, Up: &up,
		}
	}
	old, asked := row("2", "row-dpu1", true), row("3", "row-dpu1", true)
	down, released, elsewhere := row("3", "row-dpu1", false), row("3", "", false), row("3", "row-x", true)
	sf := row("3", "row-dpu1", true)
	sf.Options[option.SFNum] = "88"
	otherChassis := row("3", "row-dpu1", true)
	otherChassis.RequestedChassis = new("row-x")
	for _, c := range []struct {
		name  string
		stale bool // because the Northbound asked for something else
		rows  []*ovn.PortBinding
		want  bool
	}{
		{name: "it was asked for all the time", rows: []*ovn.PortBinding{asked, asked}},
		{name: "it is asked for, and nothing happened", rows: []*ovn.PortBinding{old, asked}, want: true},
		{name: "the Southbound had not caught up", stale: true, rows: []*ovn.PortBinding{asked, old, asked}, want: true},
		{name: "the Southbound never saw the difference", stale: true, rows: []*ovn.PortBinding{asked}, want: true},
		{name: "it went down and up", rows: []*ovn.PortBinding{old, asked, down, asked}},
		{name: "it was released and claimed", rows: []*ovn.PortBinding{old, asked, released, down, asked}},
		{name: "another chassis had it", rows: []*ovn.PortBinding{old, elsewhere, asked}},
		{name: "its row was made anew", rows: []*ovn.PortBinding{old, asked, nil, asked}},
		{name: "it went down and up before it was asked for", rows: []*ovn.PortBinding{old, row("2", "", false), old, asked}, want: true},
		{name: "it was down when it was asked for", rows: []*ovn.PortBinding{row("2", "row-dpu1", false), down, asked}},
		{name: "it came up for the old one", rows: []*ovn.PortBinding{row("2", "row-dpu1", false), old, asked}, want: true},
		{name: "an SF was asked for", rows: []*ovn.PortBinding{sf, asked}, want: true},
		{name: "another chassis was asked for", rows: []*ovn.PortBinding{otherChassis, asked}, want: true},
		{name: "a port that is new", rows: []*ovn.PortBinding{nil, {}, released, down, asked}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wait{target: &Target{Port: "vm1", Profile: vf(3), Chassis: dpu}, stale: c.stale}
			for _, b := range c.rows {
				w.see([]ovn.Chassis{dpu}, b)
			}
			if w.stale != c.want {
				t.Errorf("stale: %v, want %v", w.stale, c.want)
			}
		})
	}
}
