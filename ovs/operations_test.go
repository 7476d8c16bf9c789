package ovs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func rewrite(t *testing.T) bool {
	t.Helper()
	return os.Getenv("UPDATE_GOLDEN") != ""
}

// ours is an Interface row of ours as a View shows it.
func ours(name, lport string) Interface {
	return Interface{
		UUID: "11111111-0000-4000-8000-0000000000" + name[len(name)-2:], Name: name,
		PortUUID: "22222222-0000-4000-8000-0000000000" + name[len(name)-2:], PortName: name, PortInterfaces: 1,
		Bridge: "br-int", IfaceID: lport, Marked: true,
		Marker: Marker{LogicalPort: lport, Function: "pci/0000:03:00.0 c1" + name, Request: "pf-mac 00:53:00:00:00:42 " + name},
	}
}

// The bytes of every kind of transaction. UPDATE_GOLDEN=1 writes them anew.
func TestTransaction_IsExactlyTheseOperations(t *testing.T) {
	full := plugOf("pf0vf03", "lport-a")
	full.IfaceIDVer, full.MTURequest, full.Southbound = "v1", 8900, "SB_Global 1"
	adopted := ours("pf0vf05", "lport-e")
	adopted.Marker, adopted.Marked, adopted.OVNPlugged = Marker{}, false, "representor"
	partly := ours("pf0vf06", "lport-f")
	partly.Marker.Request = ""
	cases := map[string][]Change{
		"plug":      {plugging(plugOf("pf0vf03", "lport-a"))},
		"plug-full": {plugging(full)},
		"unplug":    {unplugging(ours("pf0vf03", "lport-a"))},
		"swap": {{LogicalPorts: []string{"a", "b"}, Why: "renamed", Unplug: []Unplug{{Interface: ours("pf0vf03", "a")}},
			Plug: []Plug{plugOf("pf0vf03", "b")}}},
		"edit":        {{Edit: []Edit{{Interface: ours("pf0vf03", "a"), Set: map[string]string{"z": "1", "a": "2"}, Delete: []string{"b"}}}}},
		"edit-mtu":    {{Edit: []Edit{{Interface: ours("pf0vf03", "a"), MTURequest: ptr(9000)}}}},
		"edit-no-mtu": {{Edit: []Edit{{Interface: ours("pf0vf03", "a"), MTURequest: ptr(0)}}}},
		"edit-type":   {{Edit: []Edit{{Interface: ours("pf0vf03", "a"), MTURequest: ptr(9000), ClearType: true}}}},
		"adopt": {{Edit: []Edit{{Interface: adopted, Set: map[string]string{KeyLogicalPort: "lport-e"},
			Delete: []string{KeyOVNPlugged}}}}},
		"partly-ours": {unplugging(partly)},
		"several": {plugging(plugOf("pf0vf03", "a")), unplugging(ours("pf0vf04", "b")),
			plugging(plugOf("pf0vf07", "c"), plugOf("pf0vf08", "d"))},
		"odd-netdev":   {plugging(plugOf("p\"0\n", "a<b>"))},
		"delete-twice": {{Edit: []Edit{{Interface: ours("pf0vf03", "a"), Set: map[string]string{"k": "v"}, Delete: []string{"k", "k"}}}}},
	}
	for name, changes := range cases {
		t.Run(name, func(t *testing.T) {
			tr := build(target{uuid: "33333333-0000-4000-8000-000000000000", name: "br-int", datapathType: "system"}, changes)
			if len(tr.ops) != len(tr.purposes) {
				t.Fatalf("%d operations with %d purposes", len(tr.ops), len(tr.purposes))
			}
			var got bytes.Buffer
			for _, op := range tr.ops {
				b, err := json.Marshal(op)
				if err != nil {
					t.Fatal(err)
				}
				got.Write(append(b, '\n'))
			}
			file := filepath.Join("testdata", "transactions", name+".json")
			if rewrite(t) {
				if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestTransaction_TheCommentIsBoundedAndHasNoControlCharacters(t *testing.T) {
	many := make([]Change, 1000)
	for n := range many {
		many[n] = plugging(plugOf("pf0vf00", "lport-with-a-rather-long-name"))
	}
	for name, changes := range map[string][]Change{
		"many changes":      many,
		"a huge name":       {plugging(plugOf("pf0vf00", strings.Repeat("\x01", 1<<20)))},
		"control and bidi":  {plugging(plugOf("pf0vf00", "a\nb\x1b[31m\u202e"))},
		"a huge reason":     {{Why: strings.Repeat("\t", 1<<20)}},
		"many ports of one": {{LogicalPorts: strings.Fields(strings.Repeat("port ", 10000))}},
		"not UTF-8":         {{LogicalPorts: []string{"\xff\xfe"}, Why: "\xff"}},
	} {
		got := comment(changes)
		if len(got) > 8*commentMost {
			t.Errorf("%s: the comment has %d bytes", name, len(got))
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == '\u202e' }) || !utf8.ValidString(got) {
			t.Errorf("%s: the comment is %q", name, got)
		}
	}
}

func TestRefused_TheMessageIsBoundedAndLegible(t *testing.T) {
	e := &RefusedError{Kind: "constraint violation", Details: `identical values ("pf0vf3") for index on column "name"`}
	if got := e.Error(); !strings.HasSuffix(got, `constraint violation: identical values ("pf0vf3") for index on column "name"`) {
		t.Errorf("the message is %s", got)
	}
	e.Details = strings.Repeat("\n\x00\xff", 1<<20)
	if got := e.Error(); len(got) > 8*commentMost || strings.ContainsAny(got, "\n\x00") {
		t.Errorf("the message of hostile details has %d bytes: %.100q", len(got), got)
	}
}
