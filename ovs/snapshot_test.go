package ovs

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tables makes rows of short descriptions: "bridge: port port", "port: interface
// interface". A row's uuid is its name with a letter for the table in front.
func tables(bridges, ports map[string]string, interfaces ...*interfaceRow) rows {
	r := rows{
		root:    map[string]*rootRow{"root": {UUID: "root"}},
		bridges: map[string]*bridgeRow{}, ports: map[string]*portRow{}, interfaces: map[string]*interfaceRow{},
	}
	uuids := func(prefix, names string) (all []string) {
		for name := range strings.FieldsSeq(names) {
			all = append(all, prefix+name)
		}
		return all
	}
	for name, ports := range bridges {
		r.bridges["b-"+name] = &bridgeRow{UUID: "b-" + name, Name: name, Ports: uuids("p-", ports)}
		r.root["root"].Bridges = append(r.root["root"].Bridges, "b-"+name)
	}
	for name, interfaces := range ports {
		r.ports["p-"+name] = &portRow{UUID: "p-" + name, Name: name, Interfaces: uuids("i-", interfaces)}
		for i := range strings.FieldsSeq(interfaces) {
			r.interfaces["i-"+i] = &interfaceRow{UUID: "i-" + i, Name: i}
		}
	}
	for _, i := range interfaces {
		i.UUID = "i-" + i.Name
		r.interfaces[i.UUID] = i
	}
	return r
}

// viewOf is the view even of tables that are torn.
func viewOf(r rows, bridge string) View {
	v, _ := buildView(r, bridge)
	return v
}

func ptr[T any](v T) *T { return &v }

func TestView_AnInterfaceIsShownWithWhatHoldsIt(t *testing.T) {
	cases := map[string]struct {
		bridges, ports map[string]string
		want           Interface // of interface x
	}{
		"a plain port": {
			map[string]string{"br-int": "x"}, map[string]string{"x": "x"},
			Interface{PortName: "x", PortInterfaces: 1, Bridge: "br-int"},
		},
		"a port with another name": {
			map[string]string{"br-int": "y"}, map[string]string{"y": "x"},
			Interface{PortName: "y", PortInterfaces: 1, Bridge: "br-int"},
		},
		"a bond": {
			map[string]string{"br-int": "bond"}, map[string]string{"bond": "x z"},
			Interface{PortName: "bond", PortInterfaces: 2, Bridge: "br-int"},
		},
		"another bridge": {
			map[string]string{"br-int": "", "br-ex": "x"}, map[string]string{"x": "x"},
			Interface{PortName: "x", PortInterfaces: 1, Bridge: "br-ex"},
		},
		"a port on no bridge": {
			map[string]string{"br-int": ""}, map[string]string{"x": "x"},
			Interface{PortName: "x", PortInterfaces: 1},
		},
		"one port on two bridges counts as a bond on ours": {
			map[string]string{"br-int": "x", "a-bridge": "x"}, map[string]string{"x": "x"},
			Interface{PortName: "x", PortInterfaces: 2, Shared: true, Bridge: "br-int"},
		},
		"one port on two other bridges": {
			map[string]string{"br-int": "", "b": "x", "a": "x"}, map[string]string{"x": "x"},
			Interface{PortName: "x", PortInterfaces: 2, Shared: true, Bridge: "a"},
		},
		"two ports that share it count as a bond": {
			map[string]string{"br-int": "one two"}, map[string]string{"one": "x", "two": "x"},
			Interface{PortName: "one", PortInterfaces: 2, Shared: true, Bridge: "br-int"},
		},
		"two ports on two bridges that share it": {
			map[string]string{"br-int": "one", "a": "two"}, map[string]string{"one": "x", "two": "x"},
			Interface{PortName: "one", PortInterfaces: 2, Shared: true, Bridge: "br-int"},
		},
		"two ports that share it, one on no bridge": {
			map[string]string{"br-int": "two"}, map[string]string{"one": "x", "two": "x"},
			Interface{PortName: "two", PortInterfaces: 2, Shared: true, Bridge: "br-int"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for range 20 { // maps are walked in another order each time
				v := viewOf(tables(c.bridges, c.ports), "br-int")
				want := c.want
				want.UUID, want.Name, want.PortUUID = "i-x", "x", "p-"+want.PortName
				if diff := cmp.Diff(want, v.Interfaces["x"]); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestView_ARowsColumnsAreShownAsTheyAre(t *testing.T) {
	huge := strings.Repeat("x", 1<<20)
	cases := map[string]struct {
		row  interfaceRow
		want Interface
	}{
		"empty": {interfaceRow{}, Interface{}},
		"ours": {
			interfaceRow{ExternalIDs: map[string]string{
				"iface-id": "lp", "iface-id-ver": "1", "representord-logical-port": "lp",
				"representord-function": "f", "representord-request": "r", "representord-southbound": "s", "other": "o",
			}},
			Interface{IfaceID: "lp", IfaceIDVer: "1", Marked: true, Marker: Marker{LogicalPort: "lp", Function: "f", Request: "r"}, Southbound: "s"},
		},
		"one of our keys is enough to be marked": {
			interfaceRow{ExternalIDs: map[string]string{"representord-request": "r"}},
			Interface{Marked: true, Marker: Marker{Request: "r"}},
		},
		"even an empty one": {
			interfaceRow{ExternalIDs: map[string]string{"representord-function": ""}}, Interface{Marked: true},
		},
		"the name of a Southbound is no mark": {
			interfaceRow{ExternalIDs: map[string]string{"representord-southbound": "s"}}, Interface{Southbound: "s"},
		},
		"the built-in provider's": {
			interfaceRow{ExternalIDs: map[string]string{"ovn-plugged": "representor", "iface-id": "lp", "ovn-installed": "true"}},
			Interface{OVNPlugged: "representor", IfaceID: "lp", Installed: true},
		},
		"opened": {
			interfaceRow{Ofport: ptr(5), IfIndex: ptr(77), MTURequest: ptr(9000), Type: "system"},
			Interface{Ofport: 5, IfIndex: 77, MTURequest: 9000, Type: "system"},
		},
		"not opened": {
			interfaceRow{Ofport: ptr(-1), Error: ptr("no such device")}, Interface{Ofport: -1, Error: "no such device"},
		},
		"the largest ifindex":         {interfaceRow{IfIndex: ptr(math.MaxUint32)}, Interface{IfIndex: math.MaxUint32}},
		"an ifindex out of range":     {interfaceRow{IfIndex: ptr(math.MaxUint32 + 1)}, Interface{}},
		"a negative ifindex":          {interfaceRow{IfIndex: ptr(-1)}, Interface{}},
		"the bridge's own ofport":     {interfaceRow{Ofport: ptr(65534)}, Interface{Ofport: 65534}},
		"an ofport out of range":      {interfaceRow{Ofport: ptr(1 << 40)}, Interface{}},
		"a negative ofport":           {interfaceRow{Ofport: ptr(-2)}, Interface{}},
		"a negative mtu_request":      {interfaceRow{MTURequest: ptr(-1)}, Interface{}},
		"a megabyte is not cut short": {interfaceRow{ExternalIDs: map[string]string{"iface-id": huge}}, Interface{IfaceID: huge}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.row.Name = "x"
			got := viewOf(tables(map[string]string{"br-int": "x"}, map[string]string{"x": "x"}, &c.row), "br-int").Interfaces["x"]
			c.want.UUID, c.want.Name, c.want.PortUUID, c.want.PortName = "i-x", "x", "p-x", "x"
			c.want.PortInterfaces, c.want.Bridge = 1, "br-int"
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestView_NamesTheBridgeEvenWhileItIsMissing(t *testing.T) {
	r := tables(map[string]string{"br-int": "", "br-ex": ""}, nil)
	r.bridges["b-br-int"].DatapathType = "netdev"
	for bridge, want := range map[string]View{
		"br-int":  {Bridge: "br-int", BridgeUUID: "b-br-int", DatapathType: "netdev"},
		"br-ex":   {Bridge: "br-ex", BridgeUUID: "b-br-ex"},
		"missing": {Bridge: "missing"},
		"":        {},
	} {
		v := viewOf(r, bridge)
		want.Complete, want.RootUUID = true, "root"
		want.PortNames = map[string]bool{"br-int": true, "br-ex": true}
		want.Interfaces, want.ExternalIDs = map[string]Interface{}, map[string]string{}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Errorf("bridge %q (-want +got):\n%s", bridge, diff)
		}
	}
}

func TestView_OfAnEmptyDatabaseIsEmptyAndComplete(t *testing.T) {
	v := viewOf(rows{}, "br-int")
	if !v.Complete || v.BridgeUUID != "" || len(v.Interfaces)+len(v.PortNames)+len(v.ExternalIDs) != 0 {
		t.Errorf("the view is %+v", v)
	}
	if _, err := buildView(rows{}, "br-int"); err != nil {
		t.Errorf("an empty database counts as torn: %v", err)
	}
}

func TestView_SharesNoMapWithTheRows(t *testing.T) {
	r := tables(nil, nil)
	r.root["root"].ExternalIDs = map[string]string{"system-id": "dpu"}
	v := viewOf(r, "br-int")
	r.root["root"].ExternalIDs["system-id"] = "changed"
	if v.ExternalIDs["system-id"] != "dpu" {
		t.Error("the view changed with the row")
	}
}

func TestView_TablesThatDoNotFitTogetherAreNoticed(t *testing.T) {
	whole := func() rows {
		r := tables(map[string]string{"br-int": "p q", "br-ex": ""}, map[string]string{"p": "i", "q": "j k"})
		r.ssl = map[string]*sslRow{"s": {UUID: "s"}}
		r.root["root"].SSL = ptr("s")
		return r
	}
	if _, err := buildView(whole(), "br-int"); err != nil {
		t.Errorf("whole tables: %v", err)
	}
	for name, tear := range map[string]func(rows){
		"a bridge is missing":            func(r rows) { delete(r.bridges, "b-br-ex") },
		"a port is missing":              func(r rows) { delete(r.ports, "p-q") },
		"an interface is missing":        func(r rows) { delete(r.interfaces, "i-k") },
		"the SSL row is missing":         func(r rows) { delete(r.ssl, "s") },
		"a bridge belongs to nothing":    func(r rows) { r.root["root"].Bridges = r.root["root"].Bridges[:1] },
		"a port belongs to nothing":      func(r rows) { r.bridges["b-br-int"].Ports = []string{"p-p"} },
		"an interface belongs to no one": func(r rows) { r.ports["p-q"].Interfaces = []string{"i-j"} },
		"the root is missing":            func(r rows) { delete(r.root, "root") },
	} {
		r := whole()
		tear(r)
		if _, err := buildView(r, "br-int"); !errors.Is(err, errTorn) {
			t.Errorf("%s: %v, want it noticed", name, err)
		}
	}
}

// Whatever is in the tables, a view can be made of it, always the same one, and
// it has every interface exactly once.
func TestView_IsMadeOfAnyTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRows(t)
		ours := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "bridge")
		v := viewOf(r, ours)
		if diff := cmp.Diff(v, viewOf(r, ours)); diff != "" {
			t.Fatalf("another view of the same tables:\n%s", diff)
		}
		for _, row := range r.interfaces {
			i, ok := v.Interfaces[row.Name]
			if !ok {
				t.Fatalf("interface %q is missing", row.Name)
			}
			if i.PortInterfaces == 1 && holds(r, i.UUID) != 1 {
				t.Fatalf("interface %q counts as a plain port's and is held %d times", row.Name, holds(r, i.UUID))
			}
			if (i.PortUUID == "") != (i.PortInterfaces == 0) || (i.Bridge != "" && i.PortUUID == "") {
				t.Fatalf("interface %+v", i)
			}
		}
	})
}

// holds counts the ways in which an interface is held: ports, for each of their bridges.
func holds(r rows, uuid string) int {
	n := 0
	for _, p := range r.ports {
		for _, i := range p.Interfaces {
			if i != uuid {
				continue
			}
			bridges := 0
			for _, b := range r.bridges {
				for _, port := range b.Ports {
					if port == p.UUID {
						bridges++
					}
				}
			}
			n += max(bridges, 1)
		}
	}
	return n
}

func anyRows(t *rapid.T) rows {
	r := rows{root: map[string]*rootRow{}, bridges: map[string]*bridgeRow{}, ports: map[string]*portRow{},
		interfaces: map[string]*interfaceRow{}}
	refs := func(prefix string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%s%d", prefix, rapid.IntRange(0, 5).Draw(t, "reference"))
		}), 0, 4, rapid.ID)
	}
	keys := rapid.SampledFrom([]string{KeyIfaceID, KeyIfaceIDVer, KeyLogicalPort, KeyFunction, KeyRequest, KeyOVNPlugged, "other"})
	for n := range rapid.IntRange(0, 3).Draw(t, "bridges") {
		name := string(rune('a' + n))
		r.bridges["b"+name] = &bridgeRow{UUID: "b" + name, Name: name, Ports: refs("p").Draw(t, "ports")}
	}
	for n := range rapid.IntRange(0, 6).Draw(t, "ports") {
		uuid := fmt.Sprintf("p%d", n)
		r.ports[uuid] = &portRow{UUID: uuid, Name: uuid, Interfaces: refs("i").Draw(t, "interfaces")}
	}
	for n := range rapid.IntRange(0, 6).Draw(t, "interfaces") {
		uuid := fmt.Sprintf("i%d", n)
		r.interfaces[uuid] = &interfaceRow{
			UUID: uuid, Name: uuid,
			ExternalIDs: rapid.MapOfN(keys, rapid.String(), 0, 4).Draw(t, "external_ids"),
			Ofport:      rapid.Ptr(rapid.Int(), true).Draw(t, "ofport"),
			IfIndex:     rapid.Ptr(rapid.Int(), true).Draw(t, "ifindex"),
			MTURequest:  rapid.Ptr(rapid.Int(), true).Draw(t, "mtu_request"),
			Error:       rapid.Ptr(rapid.String(), true).Draw(t, "error"),
		}
	}
	return r
}

func TestRows_AreClonedDeeply(t *testing.T) {
	row := &interfaceRow{
		UUID: "u", Name: "n", Type: "t", ExternalIDs: map[string]string{"a": "b"},
		MTURequest: ptr(1), Ofport: ptr(2), Error: ptr("e"), IfIndex: ptr(3),
	}
	clone, ok := row.CloneModel().(*interfaceRow)
	if !ok || !cmp.Equal(row, clone) {
		t.Fatalf("the clone is %+v", clone)
	}
	for name, change := range map[string]func(*interfaceRow){
		"external_ids": func(r *interfaceRow) { r.ExternalIDs["a"] = "c" },
		"mtu_request":  func(r *interfaceRow) { *r.MTURequest++ },
		"ofport":       func(r *interfaceRow) { *r.Ofport++ },
		"error":        func(r *interfaceRow) { *r.Error += "x" },
		"ifindex":      func(r *interfaceRow) { *r.IfIndex++ },
		"name":         func(r *interfaceRow) { r.Name += "x" },
		"type":         func(r *interfaceRow) { r.Type += "x" },
	} {
		var copied interfaceRow
		row.CloneModelInto(&copied)
		change(&copied)
		if !cmp.Equal(row, clone) || cmp.Equal(&copied, row) {
			t.Errorf("%s of a clone is shared", name)
		}
	}
	bridge := &bridgeRow{Ports: []string{"a"}}
	var copied bridgeRow
	bridge.CloneModelInto(&copied)
	copied.Ports[0] = "b"
	if bridge.Ports[0] != "a" {
		t.Error("ports of a bridge's clone are shared")
	}
	port := &portRow{Interfaces: []string{"a"}}
	var port2 portRow
	port.CloneModelInto(&port2)
	port2.Interfaces[0] = "b"
	if port.Interfaces[0] != "a" {
		t.Error("interfaces of a port's clone are shared")
	}
	root := &rootRow{Bridges: []string{"a"}, ExternalIDs: map[string]string{"a": "b"}, SSL: ptr("s")}
	var root2 rootRow
	root.CloneModelInto(&root2)
	root2.Bridges[0], root2.ExternalIDs["a"], *root2.SSL = "b", "c", "t"
	if root.Bridges[0] != "a" || root.ExternalIDs["a"] != "b" || *root.SSL != "s" {
		t.Error("what is in the root's clone is shared")
	}
}
