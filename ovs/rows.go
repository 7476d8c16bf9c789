package ovs

import (
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
)

// The tables of the Open_vSwitch database that we read, vswitchd/vswitch.ovsschema,
// with the columns that we read and no others: Interface.statistics alone would
// wake us every five seconds for every port. All the columns are in Open vSwitch
// since 2.6. The database client keeps these rows, and clones one whenever it
// changes; without the methods it would do so by way of JSON.

const database = "Open_vSwitch"

const (
	tableRoot      = "Open_vSwitch"
	tableBridge    = "Bridge"
	tablePort      = "Port"
	tableInterface = "Interface"
	tableSSL       = "SSL"
)

type rootRow struct {
	UUID        string            `ovsdb:"_uuid"`
	Bridges     []string          `ovsdb:"bridges"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
	OtherConfig map[string]string `ovsdb:"other_config"`
	SSL         *string           `ovsdb:"ssl"`
}

type bridgeRow struct {
	UUID         string   `ovsdb:"_uuid"`
	Name         string   `ovsdb:"name"`
	Ports        []string `ovsdb:"ports"`
	DatapathType string   `ovsdb:"datapath_type"`
}

type portRow struct {
	UUID       string   `ovsdb:"_uuid"`
	Name       string   `ovsdb:"name"`
	Interfaces []string `ovsdb:"interfaces"`
}

type interfaceRow struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Type        string            `ovsdb:"type"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
	MTURequest  *int              `ovsdb:"mtu_request"`
	Ofport      *int              `ovsdb:"ofport"`
	Error       *string           `ovsdb:"error"`
	IfIndex     *int              `ovsdb:"ifindex"`
}

type sslRow struct {
	UUID        string `ovsdb:"_uuid"`
	PrivateKey  string `ovsdb:"private_key"`
	Certificate string `ovsdb:"certificate"`
	CACert      string `ovsdb:"ca_cert"`
}

func clientModel() (model.ClientDBModel, error) {
	return model.NewClientDBModel(database, map[string]model.Model{
		tableRoot:      &rootRow{},
		tableBridge:    &bridgeRow{},
		tablePort:      &portRow{},
		tableInterface: &interfaceRow{},
		tableSSL:       &sslRow{},
	})
}

// monitorOf asks for every row, and for each column of the rows by name: a table
// without names would be monitored with all the columns that the server has.
func monitorOf(c *dbconn.Conn) *client.Monitor {
	root, bridge, port, iface, ssl := &rootRow{}, &bridgeRow{}, &portRow{}, &interfaceRow{}, &sslRow{}
	return c.NewMonitor(
		client.WithTable(root, &root.Bridges, &root.ExternalIDs, &root.OtherConfig, &root.SSL),
		client.WithTable(bridge, &bridge.Name, &bridge.Ports, &bridge.DatapathType),
		client.WithTable(port, &port.Name, &port.Interfaces),
		client.WithTable(iface, &iface.Name, &iface.Type, &iface.ExternalIDs, &iface.MTURequest,
			&iface.Ofport, &iface.Error, &iface.IfIndex),
		client.WithTable(ssl, &ssl.PrivateKey, &ssl.Certificate, &ssl.CACert),
	)
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// CloneModel and CloneModelInto are what the database client asks for.
func (r *rootRow) CloneModel() model.Model {
	c := *r
	c.Bridges, c.ExternalIDs, c.SSL = slices.Clone(r.Bridges), maps.Clone(r.ExternalIDs), clonePointer(r.SSL)
	c.OtherConfig = maps.Clone(r.OtherConfig)
	return &c
}

func (r *bridgeRow) CloneModel() model.Model {
	c := *r
	c.Ports = slices.Clone(r.Ports)
	return &c
}

func (r *portRow) CloneModel() model.Model {
	c := *r
	c.Interfaces = slices.Clone(r.Interfaces)
	return &c
}

func (r *interfaceRow) CloneModel() model.Model {
	c := *r
	c.ExternalIDs, c.MTURequest, c.Ofport = maps.Clone(r.ExternalIDs), clonePointer(r.MTURequest), clonePointer(r.Ofport)
	c.Error, c.IfIndex = clonePointer(r.Error), clonePointer(r.IfIndex)
	return &c
}

func (r *sslRow) CloneModel() model.Model { c := *r; return &c }

func (r *rootRow) CloneModelInto(to model.Model)      { into[rootRow](to, r.CloneModel()) }
func (r *bridgeRow) CloneModelInto(to model.Model)    { into[bridgeRow](to, r.CloneModel()) }
func (r *portRow) CloneModelInto(to model.Model)      { into[portRow](to, r.CloneModel()) }
func (r *interfaceRow) CloneModelInto(to model.Model) { into[interfaceRow](to, r.CloneModel()) }
func (r *sslRow) CloneModelInto(to model.Model)       { into[sslRow](to, r.CloneModel()) }

// into fills one row with another. The client gives it two of the same table.
func into[T any](to, from model.Model) {
	t, ok := to.(*T)
	if f, same := from.(*T); ok && same {
		*t = *f
	}
}
