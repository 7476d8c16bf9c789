package draw_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/draw"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// hostile are texts that end elements, end documents, or end up where they shouldn't.
func hostile() []string {
	return []string{
		"", " ", "<script>alert(1)</script>", "</text></g></svg>", "]]>", "<!--", "-->", "<?xml?>",
		"<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&#0;", "&",
		`"><image href="http://192.0.2.1/x"/>`, "' onload='x", "\x00", "\x1b[31m", "\r\n\t", "\u2028", "\u202e\u2066", "\ufeff",
		"\ufffe\uffff", "\xff\xfe\x80",
		"\xed\xa0\x80", "\U0010ffff", "\ufdfd\U00012031", "z" + strings.Repeat("\u0301", 300), "名前", "👩‍👩‍👧", `\`, `\x1b`,
		strings.Repeat("W", 1000), strings.Repeat("i", 1000),
		strings.Repeat("a ", 500),
	}
}

// hostileFacts puts a text everywhere.
func hostileFacts(s string) draw.Facts {
	f := everyState()
	f.Title, f.Subtitle, f.Representors.Problem, f.Representors.Complete = s, s, s, false
	for i := range f.Representors.Uplinks {
		u := &f.Representors.Uplinks[i]
		u.Handle, u.Card, u.Netdev = s, s, s
	}
	for i := range f.Representors.Representors {
		r := &f.Representors.Representors[i]
		r.Handle, r.Netdev, r.HWAddr, r.State, r.OpState = s, s, s, s, s
		if i%3 == 0 {
			r.Function, r.LogicalPort, r.Kind = s, s, s
		}
	}
	for i := range f.Ports {
		p := &f.Ports[i]
		p.LogicalPort, p.Request, p.Netdev = s, s, s
		if p.Reason != nil {
			p.Reason = &reason.Reason{Code: reason.Code(s), Message: s, Value: s}
		}
		if i%3 == 0 {
			p.Function = s
		}
		if i%4 == 0 {
			p.State = plan.State(s)
		}
	}
	return f
}

func TestHostile_TextsKeepTheDrawingWellFormed(t *testing.T) {
	for _, s := range hostile() {
		wantDrawing(t, draw.SVG(hostileFacts(s)))
	}
}

func TestHostile_TextsOfAMegabyteAreBounded(t *testing.T) {
	for _, s := range hostile() {
		if s == "" {
			continue
		}
		svg := draw.SVG(hostileFacts(strings.Repeat(s, 1<<20/len(s)+1)))
		if len(svg) > 512<<10 {
			t.Errorf("%.20q a million times over makes a drawing of %d bytes", s, len(svg))
		}
		wantDrawing(t, svg)
	}
}

func FuzzHostileTexts(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { wantDrawing(t, draw.SVG(hostileFacts(s))) })
}

// TestDrawing_IsMadeOfAnyFacts: whatever the daemon, the kernel or a file says, however it
// contradicts itself.
func TestDrawing_IsMadeOfAnyFacts(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom(hostile()), rapid.String(), rapid.SampledFrom([]string{"a", "b", "c"}))
	number := rapid.OneOf(rapid.Uint32Range(0, 3), rapid.Uint32())
	optional := rapid.Ptr(number, true)
	link := rapid.Ptr(rapid.Custom(func(t *rapid.T) api.Link {
		return api.Link{Up: rapid.Bool().Draw(t, "up"), MTU: rapid.Int().Draw(t, "mtu"), Settled: rapid.Bool().Draw(t, "settled")}
	}), true)
	representors := rapid.Custom(func(t *rapid.T) api.Representor {
		return api.Representor{
			Function: text.Draw(t, "function"), Handle: text.Draw(t, "handle"), Controller: optional.Draw(t, "controller"),
			External: rapid.Bool().Draw(t, "external"),
			PF:       uint16(number.Draw(t, "pf")), Kind: rapid.SampledFrom([]string{"pf", "vf", "vf", "sf", "<"}).Draw(t, "kind"),
			Number: optional.Draw(t, "number"),
			HWAddr: text.Draw(t, "hw-addr"), State: text.Draw(t, "state"), OpState: text.Draw(t, "opstate"), Netdev: text.Draw(t, "netdev"),
			Link:        link.Draw(t, "link"),
			LogicalPort: text.Draw(t, "logical-port"),
		}
	})
	uplinks := rapid.Custom(func(t *rapid.T) api.Uplink {
		return api.Uplink{Handle: text.Draw(t, "handle"), Card: text.Draw(t, "card"), Number: optional.Draw(t, "number"),
			Netdev: text.Draw(t, "netdev"), Link: link.Draw(t, "link")}
	})
	why := rapid.Ptr(rapid.Custom(func(t *rapid.T) reason.Reason {
		return reason.Reason{Code: reason.Code(text.Draw(t, "code")), Message: text.Draw(t, "message")}
	}), true)
	ports := rapid.Custom(func(t *rapid.T) api.Port {
		return api.Port{
			LogicalPort: text.Draw(t, "logical-port"), Function: text.Draw(t, "function"), Request: text.Draw(t, "request"),
			Reason: why.Draw(t, "reason"),
			State:  rapid.SampledFrom([]plan.State{plan.Plugged, plan.Pending, plan.Conflict, plan.Held, plan.Invalid, "&"}).Draw(t, "state"),
			Ofport: rapid.Int().Draw(t, "ofport"), Up: rapid.Bool().Draw(t, "up"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		f := draw.Facts{
			Title: text.Draw(t, "title"), Subtitle: text.Draw(t, "subtitle"), PortsKnown: rapid.Bool().Draw(t, "ports-known"),
			Representors: api.Representors{
				Complete: rapid.Bool().Draw(t, "complete"), Problem: text.Draw(t, "problem"),
				Representors: rapid.SliceOfN(representors, 0, 80).Draw(t, "representors"), Uplinks: rapid.SliceOfN(uplinks, 0, 12).Draw(t, "uplinks"),
			},
			Ports: rapid.SliceOfN(ports, 0, 20).Draw(t, "ports"),
		}
		svg := draw.SVG(f)
		wantDrawing(t, svg)
		if draw.SVG(f) != svg {
			t.Fatal("another drawing of the same facts")
		}
	})
}
