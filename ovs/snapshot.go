package ovs

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/representord/representord/internal/reason"
)

// rows are the tables at one time, by uuid. Nobody writes to them.
type rows struct {
	root       map[string]*rootRow
	bridges    map[string]*bridgeRow
	ports      map[string]*portRow
	interfaces map[string]*interfaceRow
	ssl        map[string]*sslRow
}

// same tells whether nothing has changed between two readings: the client replaces
// a row that changes.
func (r rows) same(o rows) bool {
	return maps.Equal(r.root, o.root) && maps.Equal(r.bridges, o.bridges) && maps.Equal(r.ports, o.ports) &&
		maps.Equal(r.interfaces, o.interfaces) && maps.Equal(r.ssl, o.ssl)
}

// errTorn says that rows don't fit together: the tables were read one after the
// other, and a transaction came between.
var errTorn = errors.New("rows that belong together were not all there")

// buildView makes the snapshot of the tables in which the integration bridge has
// the given name. It is a pure function; the view shares nothing that anybody
// writes to.
//
// An error tells that the tables are not all of one transaction; the view is then
// made of what there is. In the database itself every reference has its row, and
// every row of these tables is referred to by the one above it, or is deleted with
// the transaction that takes the last reference (RFC 7047 sections 3.1 and 3.2:
// strong references, isRoot false).
func buildView(r rows, bridge string) (View, error) {
	b := builder{
		rows: r,
		view: View{
			Complete:    true,
			Bridge:      bridge,
			Interfaces:  make(map[string]Interface, len(r.interfaces)),
			PortNames:   make(map[string]bool, len(r.ports)+len(r.bridges)),
			ExternalIDs: map[string]string{},
		},
		held:    make(map[string]bool, len(r.bridges)+len(r.ports)),
		holders: make(map[string]holder, len(r.interfaces)),
	}
	b.addRoot()
	b.addBridges()
	b.addPorts()
	b.addInterfaces()
	return b.view, b.torn
}

// builder is a view in the making.
type builder struct {
	rows rows
	view View
	torn error
	// held are the bridges and ports that something refers to; holders are what
	// refers to each interface.
	held    map[string]bool
	holders map[string]holder
}

func (b *builder) tear(format string, a ...any) {
	if b.torn == nil {
		b.torn = fmt.Errorf("%w: "+format, append([]any{errTorn}, a...)...)
	}
}

func (b *builder) addRoot() {
	for _, root := range b.rows.root { // one at most: maxRows of the table is 1
		b.view.RootUUID = root.UUID
		if root.ExternalIDs != nil {
			b.view.ExternalIDs = maps.Clone(root.ExternalIDs)
		}
		b.view.HWOffload = root.OtherConfig["hw-offload"] == "true"
		b.view.DefaultDatapathType = root.OtherConfig["default-datapath-type"]
		b.view.DOCA = root.OtherConfig["doca-init"] == "true"
		b.view.DPDK = root.OtherConfig["dpdk-init"] == "true" || root.OtherConfig["dpdk-init"] == "try"
		for _, uuid := range root.Bridges {
			b.held[uuid] = true
			if b.rows.bridges[uuid] == nil {
				b.tear("there is no Bridge %s", uuid)
			}
		}
		if root.SSL == nil {
			continue
		}
		if ssl := b.rows.ssl[*root.SSL]; ssl != nil {
			b.view.SSL = SSL{PrivateKey: ssl.PrivateKey, Certificate: ssl.Certificate, CACert: ssl.CACert}
		} else {
			b.tear("there is no SSL row %s", *root.SSL)
		}
	}
}

func (b *builder) addBridges() {
	for uuid, bridge := range b.rows.bridges {
		if !b.held[uuid] {
			b.tear("Bridge %s is nobody's", reason.Quote(bridge.Name))
		}
		b.view.PortNames[bridge.Name] = true
		if bridge.Name == b.view.Bridge && bridge.Name != "" {
			b.view.BridgeUUID, b.view.DatapathType = bridge.UUID, bridge.DatapathType
		}
		for _, uuid := range bridge.Ports {
			b.held[uuid] = true
			if port := b.rows.ports[uuid]; port != nil {
				b.hold(port, bridge.Name)
			} else {
				b.tear("there is no Port %s of Bridge %s", uuid, reason.Quote(bridge.Name))
			}
		}
	}
}

func (b *builder) addPorts() {
	for uuid, port := range b.rows.ports {
		b.view.PortNames[port.Name] = true
		if !b.held[uuid] {
			b.tear("Port %s is on no bridge", reason.Quote(port.Name))
			b.hold(port, "")
		}
	}
}

func (b *builder) addInterfaces() {
	for uuid := range b.holders {
		if b.rows.interfaces[uuid] == nil {
			b.tear("there is no Interface %s", uuid)
		}
	}
	for uuid, row := range b.rows.interfaces {
		h, ok := b.holders[uuid]
		if !ok {
			b.tear("Interface %s is in no port", reason.Quote(row.Name))
		}
		b.view.Interfaces[row.Name] = convert(row, h)
	}
}

// holder is what holds an interface.
type holder struct {
	port       *portRow
	bridge     string
	interfaces int
	shared     bool
}

// hold notes that a port holds its interfaces. The database lets a port be in
// several bridges and an interface in several ports; such an interface counts as
// several, so that nobody takes it for a plain port, and is shown with the bridge
// that matters most: ours, then the first by name.
func (b *builder) hold(port *portRow, bridge string) {
	for _, uuid := range port.Interfaces {
		old, found := b.holders[uuid]
		if !found {
			b.holders[uuid] = holder{port: port, bridge: bridge, interfaces: len(port.Interfaces)}
			continue
		}
		old.interfaces += len(port.Interfaces)
		old.shared = true
		if before(bridge, port, old, b.view.Bridge) {
			old.bridge, old.port = bridge, port
		}
		b.holders[uuid] = old
	}
}

func before(bridge string, port *portRow, old holder, ours string) bool {
	if bridge == old.bridge {
		return port.Name < old.port.Name
	}
	switch {
	case bridge == "" || old.bridge == "":
		return old.bridge == ""
	case bridge == ours || old.bridge == ours:
		return bridge == ours
	}
	return bridge < old.bridge
}

// convert makes an Interface of a row. Values outside of what the schema or
// ovs-vswitchd allow count as absent.
func convert(row *interfaceRow, h holder) Interface {
	i := Interface{
		UUID:           row.UUID,
		Name:           row.Name,
		Type:           row.Type,
		Bridge:         h.bridge,
		PortInterfaces: h.interfaces,
		Shared:         h.shared,
		IfaceID:        row.ExternalIDs[KeyIfaceID],
		IfaceIDVer:     row.ExternalIDs[KeyIfaceIDVer],
		Parked:         row.ExternalIDs[KeyParked],
		Southbound:     row.ExternalIDs[KeySouthbound],
		OVNPlugged:     row.ExternalIDs[KeyOVNPlugged],
		Installed:      row.ExternalIDs[KeyOVNInstalled] == "true",
		Marker: Marker{
			LogicalPort: row.ExternalIDs[KeyLogicalPort],
			Function:    row.ExternalIDs[KeyFunction],
			Request:     row.ExternalIDs[KeyRequest],
		},
		MTURequest: within(row.MTURequest, 1, math.MaxInt),
		Ofport:     within(row.Ofport, -1, math.MaxUint16),
		IfIndex:    uint32(within(row.IfIndex, 1, math.MaxUint32)), // no more than it holds
	}
	if h.port != nil {
		i.PortUUID, i.PortName = h.port.UUID, h.port.Name
	}
	for _, key := range []string{KeyLogicalPort, KeyFunction, KeyRequest} {
		if _, ok := row.ExternalIDs[key]; ok { // an empty mark is one as well
			i.Marked = true
		}
	}
	if row.Error != nil {
		i.Error = *row.Error
	}
	return i
}

// within is a value that is inside of bounds, 0 for any other and none.
func within(p *int, least, most int) int {
	if p == nil || *p < least || *p > most {
		return 0
	}
	return *p
}
