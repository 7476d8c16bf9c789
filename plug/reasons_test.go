package plug

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// legible tells of a Reason what nobody should have to read.
func legible(t *testing.T, r reason.Reason) {
	t.Helper()
	for _, s := range append([]string{r.Message}, r.Candidates...) {
		if len(s) > 2000 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\n\x00\u202e") {
			t.Errorf("%s, %d bytes: %.300q", r.Code, len(s), s)
		}
	}
}

func TestWhatOthersWroteIsBoundedAndEscapedInReasons(t *testing.T) {
	for _, evil := range []string{"x\x1b[2J\n\u202e", "\xff\x00", strings.Repeat("y", 1<<20)} {
		marked := ourRow("a", "pf0vf0", 0, 0, 10)
		marked.Marker.Function, marked.Error, marked.OVNPlugged = evil, evil, evil
		failed := ourRow("a", "pf0vf0", 0, 0, 10)
		failed.Ofport, failed.Error = -1, evil
		moved := ourRow("a", evil, 0, 0, 19)
		moved.Marker.Function = evil
		elsewhere := foreignRow(evil, "a")
		builtIn := foreignRow(evil, "a")
		builtIn.OVNPlugged = evil
		under := foreignRow("pf0vf0", "")
		under.Bridge, under.OVNPlugged = evil, evil
		replaced := trusted()
		replaced.Identity = evil
		lost := ovn.View{Problem: evil}
		noChassis := trusted()
		noChassis.ChassisKnown, noChassis.Chassis = false, evil
		kept := fated(asks("a", 0, 0), ovn.Kept)
		kept.Why = evil
		withdrawn := fated(asks("a", 0, 0), ovn.Withdrawn)
		withdrawn.Why = evil
		unread := representor.NewIndex(representor.Card{Problem: evil}, representor.Settings{})
		userspace := bridgeWith()
		userspace.Bridge, userspace.DatapathType = evil, evil
		asked := asks("a", 0, 0)
		for name, in := range map[string]Input{
			"both marks":         {Asked: trusted(asked), Actual: bridgeWith(marked)},
			"both marks, no one": {Asked: trusted(), Actual: bridgeWith(marked)},
			"interface error":    {Asked: trusted(asked), Actual: bridgeWith(failed)},
			"moved":              {Asked: trusted(asked), Actual: bridgeWith(moved), Index: indexOf(netdev{pf: 0, vf: 0})},
			"foreign iface-id":   {Asked: trusted(asked), Actual: bridgeWith(elsewhere)},
			"built-in iface-id":  {Asked: trusted(asked), Actual: bridgeWith(builtIn)},
			"foreign name":       {Asked: trusted(asked), Actual: bridgeWith(under)},
			"replaced":           {Asked: replaced, Actual: bridgeWith(failed), Hold: Hold{All: true}},
			"untrusted":          {Asked: lost, Actual: bridgeWith(failed)},
			"no chassis":         {Asked: noChassis, Actual: bridgeWith(failed)},
			"kept":               {Asked: trusted(kept), Actual: bridgeWith(failed)},
			"withdrawn":          {Asked: trusted(), Actual: bridgeWith(failed)},
			"unread":             {Asked: trusted(asked), Actual: bridgeWith(), Index: unread},
			"userspace":          {Asked: trusted(asked), Actual: userspace},
			"no database":        {Asked: trusted(asked), Actual: ovs.View{Problem: evil}},
			"two for one":        {Asked: trusted(asks("b"+evil, 0, 0), asks("a"+evil, 0, 0)), Actual: bridgeWith()},
		} {
			t.Run(name, func(t *testing.T) {
				if in.Index == nil {
					in.Index = indexOf(oneVF())
				}
				d := planWith(in, withdrawn)
				for _, s := range d.Ports {
					if s.Reason != nil {
						legible(t, *s.Reason)
					}
					for _, w := range s.Warnings {
						legible(t, w)
					}
				}
				if len(d.Ports) == 0 {
					t.Error("no status")
				}
			})
		}
		down := oneVF()
		down.down, down.name = true, "a\x1bb"
		c := newCloud(indexOf(down, netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("a", 0, 0), asks("b", 0, 1))
		c.upErr, c.refuse["b"] = errors.New(evil), errors.New(evil)
		rep := c.reconciler(nil).Pass(t.Context())
		legible(t, *find(t, rep, "b").Reason)
		legible(t, find(t, rep, "a").Warnings[0])
	}
}

func TestWhatIsHeldNamesTheCommandThatEndsIt(t *testing.T) {
	for _, r := range []*reason.Reason{reasonMass(3, 4), reasonReplaced(trusted())} {
		if !strings.HasSuffix(r.Message, ": representorctl release-hold") {
			t.Errorf("%s: %s", r.Code, r.Message)
		}
	}
}
