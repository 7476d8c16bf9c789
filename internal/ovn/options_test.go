package ovn_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// hostileOption is text that breaks logs and terminals.
const hostileOption = "\x1b[31m\n\x00\xff\"\\\u202e,"

func somePF() representor.MAC { return representor.MAC{0, 0x53, 0, 0, 0, 0x42} }

func TestParseRequest_RequestsThatCanBeFollowed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options map[string]string
		want    ovn.Request
	}{
		"without a number the PF itself is meant": {
			nil,
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}},
		},
		"an empty number is none": {
			map[string]string{option.VFNum: "", option.SFNum: "", option.Controller: "", option.CardSerial: "", option.MTU: "",
				option.IfaceIDVer: ""},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}},
		},
		"a MAC in any case": {
			map[string]string{option.PFMAC: "AA:bB:0c:00:FF:01"},
			ovn.Request{Query: representor.Query{PFMAC: representor.MAC{0xaa, 0xbb, 0x0c, 0, 0xff, 1}, Kind: representor.PF}},
		},
		"VF 0": {
			map[string]string{option.VFNum: "0"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.VF}},
		},
		"the last VF": {
			map[string]string{option.VFNum: "65534"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.VF, Number: 65534}},
		},
		"SF 0": {
			map[string]string{option.SFNum: "0"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.SF}},
		},
		"the last SF": {
			map[string]string{option.SFNum: "4294967295"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.SF, Number: 4294967295}},
		},
		"an SF beside an empty VF": {
			map[string]string{option.SFNum: "7", option.VFNum: ""},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.SF, Number: 7}},
		},
		"controller 0 is a controller": {
			map[string]string{option.VFNum: "3", option.Controller: "0"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.VF, Number: 3, Controller: devlink.Some(uint32(0))}},
		},
		"a serial number, kept as it is": {
			map[string]string{option.VFNum: "3", option.CardSerial: "mt2314XZ00YA"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.VF, Number: 3, CardSerial: "mt2314XZ00YA"}},
		},
		"the least MTU": {
			map[string]string{option.MTU: "68"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}, MTU: 68},
		},
		"the greatest MTU": {
			map[string]string{option.MTU: "65535"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}, MTU: 65535},
		},
		"MTU 0 is no request": {
			map[string]string{option.MTU: "0"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}},
		},
		"iface-id-ver is copied as it is": {
			map[string]string{option.IfaceIDVer: " 1f0e3dad-9990 é\""},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}, IfaceIDVer: " 1f0e3dad-9990 é\""},
		},
		"options that aren't ours don't matter": {
			map[string]string{"requested-chassis": hostileOption, "vif-plug:other:vf-num": "abc", "VIF-PLUG:REPRESENTOR:VF-NUM": "9"},
			ovn.Request{Query: representor.Query{PFMAC: somePF(), Kind: representor.PF}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := map[string]string{option.PFMAC: "00:53:00:00:00:42"}
			maps.Copy(options, tc.options)
			tc.want.LogicalPort = "lp"
			if d := cmp.Diff(tc.want, ovn.ParseRequest("lp", options)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// notNumbers are ways to write numbers that are refused for every numeric option.
func notNumbers() []string {
	return []string{
		"abc", "3x", "x3", "-1", "+1", "-0", "00", "03", "0x0", "0x3", "0b1", "0o7", "1.0", "1e1", "1_0", " 1", "1 ", "\t1",
		"1\n", "1\x00", " ", "0,1",
		"٣", "３", "4294967296", "18446744073709551616", "18446744073709551617", "99999999999999999999", strings.Repeat("1", 1<<20),
		strings.Repeat("0", 1<<20), hostileOption,
	}
}

func TestParseRequest_RequestsThatAreInvalid(t *testing.T) {
	t.Parallel()
	values := map[string][]string{
		option.PFMAC: {
			"", "00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "00-53-00-00-00-42",
			"0053.0000.0042", "005300000042",
			"0:53:0:0:0:42", "00:53:00:00:00", "00:53:00:00:00:42:00", "00:53:00:00:00:42:00:00", " 00:53:00:00:00:42",
			"00:53:00:00:00:42 ", "00:53:00:00:00:4g",
			"00:53:00:00:00:4", "00:53:00:00:0042", "00:53:00:00-00:42", ":::::", "00:53:00:00:00:4\x00", "abc",
			strings.Repeat("00:", 1<<18), hostileOption,
		},
		option.VFNum:      append(notNumbers(), "65535", "65536", "65537"),
		option.SFNum:      notNumbers(),
		option.Controller: notNumbers(),
		option.CardSerial: {
			",", "A,B", " ", " A", "A ", "A B", "A\tB", "A\x00", "A\n", "\xff", "A\u00a0B", "\u202eA", "A\x7f", strings.Repeat("A", 256),
			strings.Repeat("A", 1<<20), hostileOption,
		},
	}
	for name, all := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, value := range all {
				options := map[string]string{option.PFMAC: "00:53:00:00:00:42", option.MTU: "1500", option.IfaceIDVer: "1"}
				options[name] = value
				got := ovn.ParseRequest("lp", options)
				want := ovn.Request{LogicalPort: "lp", Invalid: &reason.Reason{
					Code: reason.CodeInvalidOption, Option: name, Value: reason.Name(value),
				}}
				if got.Invalid == nil {
					t.Errorf("%.80q is accepted: %+v", value, got)
					continue
				}
				checkText(t, got.Invalid)
				if value != "" && !strings.Contains(got.Invalid.Message, reason.Name(value)) {
					t.Errorf("%.80q isn't named: %s", value, got.Invalid.Message)
				}
				want.Invalid.Message = got.Invalid.Message
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%.80q (-want +got):\n%s", value, d)
				}
			}
		})
	}
}

func TestParseRequest_InvalidRequestsSayTheValueTheRuleAndTheRemedy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		option, value, want string
	}{
		{option.VFNum, "65536", `option vif-plug:representor:vf-num="65536" must be a decimal number from 0 to 65534, ` +
			`without sign, spaces or leading zeros; ` +
			`leave it out for the PF itself; nothing is plugged until the logical switch port's option is corrected`},
		{option.PFMAC, "", `option vif-plug:representor:pf-mac is missing; it must be the PF's MAC, six pairs of hex digits with colons; ` +
			`nothing is plugged until the logical switch port's option is corrected`},
		{option.SFNum, "7", `option vif-plug:representor:sf-num="7" names an SF while vif-plug:representor:vf-num names a VF; ` +
			`remove one of the two; ` +
			`nothing is plugged until the logical switch port's option is corrected`},
	} {
		options := map[string]string{option.PFMAC: "00:53:00:00:00:42", option.VFNum: "3"}
		options[tc.option] = tc.value
		got := ovn.ParseRequest("lp", options)
		if got.Invalid == nil {
			t.Errorf("%s=%q is accepted", tc.option, tc.value)
			continue
		}
		if d := cmp.Diff(tc.want, got.Invalid.Message); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.option, d)
		}
	}
}

func TestParseRequest_OptionsThatAreLeftOutWithAWarning(t *testing.T) {
	t.Parallel()
	values := map[string][]string{
		option.MTU:        append(notNumbers(), "1", "67", "65536"),
		option.IfaceIDVer: {"\n", "a\x00", "\xff", "\u202e", strings.Repeat("a", 256), strings.Repeat("a", 1<<20), hostileOption},
	}
	for name, all := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, value := range all {
				got := ovn.ParseRequest("lp", map[string]string{option.PFMAC: "00:53:00:00:00:42", option.VFNum: "3", name: value})
				if got.Invalid != nil || got.MTU != 0 || got.IfaceIDVer != "" || got.Query.Number != 3 || len(got.Warnings) != 1 {
					t.Errorf("%.80q gives %+v", value, got)
					continue
				}
				w := got.Warnings[0]
				checkText(t, &w)
				if w.Code != reason.CodeIgnoredOption || w.Option != name || w.Value != reason.Name(value) ||
					!strings.Contains(w.Message, "plugged without it") {
					t.Errorf("%.80q: %+v", value, w)
				}
			}
		})
	}
}

// checkText fails unless a reason may be shown anywhere.
func checkText(tb testing.TB, r *reason.Reason) {
	tb.Helper()
	for _, s := range []string{r.Message, r.Value, r.Option} {
		if len(s) > 1000 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\n\t\x7f\u202e") {
			tb.Errorf("%s: not fit to be shown: %.1100q", r.Code, s)
		}
	}
}

// FuzzParseRequest: what is accepted is written in one way only, so that reading
// it can't have meant anything else; what is refused says so, and names nothing.
func FuzzParseRequest(f *testing.F) {
	f.Add("00:53:00:00:00:42", "3", "", "", "", "1500", "")
	f.Add("AA:BB:CC:DD:EE:0f", "", "77", "1", "MT2314XZ00YA", "", "1f0e3dad-9990-3345")
	f.Fuzz(func(t *testing.T, pfMAC, vf, sf, controller, serial, mtu, ver string) {
		got := ovn.ParseRequest("lp", map[string]string{
			option.PFMAC: pfMAC, option.VFNum: vf, option.SFNum: sf, option.Controller: controller,
			option.CardSerial: serial, option.MTU: mtu, option.IfaceIDVer: ver,
		})
		if got.Invalid != nil {
			checkText(t, got.Invalid)
			if got.Invalid.Code != reason.CodeInvalidOption || got.Invalid.Option == "" || got.Query != (representor.Query{}) {
				t.Fatalf("invalid, yet %+v", got)
			}
			return
		}
		q := got.Query
		number := strconv.FormatUint(uint64(q.Number), 10)
		written := map[representor.Kind][2]string{representor.PF: {"", ""}, representor.VF: {number, ""}, representor.SF: {"", number}}[q.Kind]
		if written != [2]string{vf, sf} || (q.Kind == representor.PF && q.Number != 0) || (q.Kind == representor.VF && q.Number > 65534) {
			t.Fatalf("vf-num %q and sf-num %q were read as %s", vf, sf, q)
		}
		if q.PFMAC.String() != strings.ToLower(pfMAC) || q.PFMAC.IsZero() || q.PFMAC[0]&1 != 0 {
			t.Fatalf("pf-mac %q was read as %s", pfMAC, q.PFMAC)
		}
		if text := strconv.FormatUint(uint64(q.Controller.Value), 10); q.Controller.Present && text != controller ||
			!q.Controller.Present && controller != "" {
			t.Fatalf("controller %q was read as %+v", controller, q.Controller)
		}
		if q.CardSerial != serial || strings.ContainsAny(serial, ", \t\n\x00") {
			t.Fatalf("card-serial-number %q was read as %q", serial, q.CardSerial)
		}
		checkLeftOut(t, got, mtu, ver)
	})
}

// checkLeftOut fails unless MTU and iface-id-ver are either taken as written or
// warned of.
func checkLeftOut(tb testing.TB, got ovn.Request, mtu, ver string) {
	tb.Helper()
	warned := map[string]bool{}
	for _, w := range got.Warnings {
		checkText(tb, &w)
		warned[w.Option] = true
	}
	switch none := mtu == "" || mtu == "0"; {
	case (none || warned[option.MTU]) && got.MTU != 0,
		none && warned[option.MTU],
		!none && !warned[option.MTU] && (strconv.Itoa(got.MTU) != mtu || got.MTU < 68 || got.MTU > 65535):
		tb.Fatalf("mtu %q was read as %d, warned %v", mtu, got.MTU, warned)
	}
	if (!warned[option.IfaceIDVer] && got.IfaceIDVer != ver) || (warned[option.IfaceIDVer] && got.IfaceIDVer != "") {
		tb.Fatalf("iface-id-ver %q was read as %q", ver, got.IfaceIDVer)
	}
}
