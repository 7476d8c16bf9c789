package representor_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestParseQuery_ReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := representor.Query{Kind: rapid.SampledFrom([]representor.Kind{representor.PF, representor.VF, representor.SF}).Draw(t, "kind")}
		copy(q.PFMAC[:], rapid.SliceOfN(rapid.Byte(), 6, 6).Draw(t, "mac"))
		if q.Kind != representor.PF {
			q.Number = rapid.Uint32().Draw(t, "number")
		}
		if rapid.Bool().Draw(t, "controller") {
			q.Controller = devlink.Some(rapid.Uint32().Draw(t, "which"))
		}
		q.CardSerial = rapid.SampledFrom([]string{"", "MT1", "MT 1", "controller 3"}).Draw(t, "serial")
		if got, err := representor.ParseQuery(q.String()); err != nil || got != q {
			t.Fatalf("%q is read as %+v, %v", q, got, err)
		}
	})
}

func TestParseQuery_RefusesEverythingElse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "edited", "pf-mac", "pf-mac 00:53:00:00:00:42", "pf-mac 00:53:00:00:00:42 vf", "pf-mac 00:53:00:00:00:42 vf x",
		"pf-mac 00:53:00:00:00:42 vf 03",
		"pf-mac 00:53:00:00:00:42 vf 4294967296", "pf-mac 0053.0000.0042 vf 3", "pf-mac 00:53:00:00:00:42 vf 3 ",
		"pf-mac 00:53:00:00:00:42 vf 3 x",
		"pf-mac 00:53:00:00:00:42 pf 3", "PF-MAC 00:53:00:00:00:42 vf 3", "pf-mac 00:53:00:00:00:42 vf 3 controller",
		"pf-mac 00:53:00:00:00:42 vf 3 card-serial-number",
	} {
		if q, err := representor.ParseQuery(text); err == nil {
			t.Errorf("%q is read as %+v", text, q)
		}
	}
}
