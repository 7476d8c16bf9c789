package ovn

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
)

// The database and the tables of it that we read; ovn-sb(5).
const (
	database         = "OVN_Southbound"
	tableGlobal      = "SB_Global"
	tableChassis     = "Chassis"
	tablePortBinding = "Port_Binding"

	columnAdditional = "requested_additional_chassis"
)

// sbGlobal is the one row of the database that lives as long as the database: its
// uuid names it. A monitor must name a column; ssl hardly ever changes, while
// nb_cfg does with every ovn-nbctl --wait.
type sbGlobal struct {
	UUID string  `ovsdb:"_uuid"`
	SSL  *string `ovsdb:"ssl"`
}

// chassisRow is a row of Chassis.
type chassisRow struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Hostname    string            `ovsdb:"hostname"`
	OtherConfig map[string]string `ovsdb:"other_config"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// portBinding is a row of Port_Binding as of OVN 22.06.
type portBinding struct {
	UUID                string            `ovsdb:"_uuid"`
	LogicalPort         string            `ovsdb:"logical_port"`
	Type                string            `ovsdb:"type"`
	ParentPort          *string           `ovsdb:"parent_port"`
	Options             map[string]string `ovsdb:"options"`
	RequestedChassis    *string           `ovsdb:"requested_chassis"`
	RequestedAdditional []string          `ovsdb:"requested_additional_chassis"`
	Up                  *bool             `ovsdb:"up"`
	MAC                 []string          `ovsdb:"mac"`
}

// portBinding2203 is a row of Port_Binding before OVN 22.06.
type portBinding2203 struct {
	UUID             string            `ovsdb:"_uuid"`
	LogicalPort      string            `ovsdb:"logical_port"`
	Type             string            `ovsdb:"type"`
	ParentPort       *string           `ovsdb:"parent_port"`
	Options          map[string]string `ovsdb:"options"`
	RequestedChassis *string           `ovsdb:"requested_chassis"`
	Up               *bool             `ovsdb:"up"`
	MAC              []string          `ovsdb:"mac"`
}

// bindingRow is either of them.
type bindingRow interface{ row() row }

func (p *portBinding) row() row {
	return row{
		LogicalPort: p.LogicalPort, Type: p.Type, ParentPort: deref(p.ParentPort), Options: p.Options,
		RequestedChassis: deref(p.RequestedChassis), RequestedAdditional: p.RequestedAdditional, Up: deref(p.Up), MAC: p.MAC,
	}
}

func (p *portBinding2203) row() row {
	return row{
		LogicalPort: p.LogicalPort, Type: p.Type, ParentPort: deref(p.ParentPort), Options: p.Options,
		RequestedChassis: deref(p.RequestedChassis), Up: deref(p.Up), MAC: p.MAC,
	}
}

// CloneModel spares the library a detour through JSON.
func (p *portBinding) CloneModel() model.Model {
	q := &portBinding{}
	p.CloneModelInto(q)
	return q
}

// CloneModelInto implements model.CloneableModel.
func (p *portBinding) CloneModelInto(m model.Model) {
	q, ok := m.(*portBinding)
	if !ok {
		return
	}
	*q = *p
	q.ParentPort, q.RequestedChassis, q.Up = again(p.ParentPort), again(p.RequestedChassis), again(p.Up)
	q.Options, q.RequestedAdditional, q.MAC = maps.Clone(p.Options), slices.Clone(p.RequestedAdditional), slices.Clone(p.MAC)
}

// CloneModel spares the library a detour through JSON.
func (p *portBinding2203) CloneModel() model.Model {
	q := &portBinding2203{}
	p.CloneModelInto(q)
	return q
}

// CloneModelInto implements model.CloneableModel.
func (p *portBinding2203) CloneModelInto(m model.Model) {
	q, ok := m.(*portBinding2203)
	if !ok {
		return
	}
	*q = *p
	q.ParentPort, q.RequestedChassis, q.Up = again(p.ParentPort), again(p.RequestedChassis), again(p.Up)
	q.Options, q.MAC = maps.Clone(p.Options), slices.Clone(p.MAC)
}

func deref[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

func again[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// shape is what of the Southbound a server's schema lets us read.
type shape struct {
	// additional: Port_Binding has requested_additional_chassis.
	additional bool
}

// shapeOf looks at a server's schema.
func shapeOf(s ovsdb.DatabaseSchema) (shape, error) {
	for _, c := range []struct{ table, column string }{
		{tableGlobal, "ssl"},
		{tableChassis, "name"},
		{tableChassis, "hostname"},
		{tableChassis, "other_config"},
		{tableChassis, "external_ids"},
		{tablePortBinding, "logical_port"},
		{tablePortBinding, "type"},
		{tablePortBinding, "parent_port"},
		{tablePortBinding, "options"},
		{tablePortBinding, "requested_chassis"},
		{tablePortBinding, "up"},
		{tablePortBinding, columnMAC},
	} {
		if !dbconn.HasColumn(s, c.table, c.column) {
			return shape{}, fmt.Errorf("the server's schema of %s, version %s, has no column %s in %s: OVN 22.03 or newer is needed",
				database, s.Version, c.column, c.table)
		}
	}
	return shape{additional: dbconn.HasColumn(s, tablePortBinding, columnAdditional)}, nil
}

func (s shape) model() (model.ClientDBModel, error) {
	var binding model.Model = &portBinding2203{}
	if s.additional {
		binding = &portBinding{}
	}
	return model.NewClientDBModel(database, map[string]model.Model{
		tableGlobal: &sbGlobal{}, tableChassis: &chassisRow{}, tablePortBinding: binding,
	})
}

// portColumns are what judging a row takes.
func (s shape) portColumns() []string {
	columns := []string{"logical_port", "type", "parent_port", "options", "requested_chassis", "up", columnMAC}
	if s.additional {
		columns = append(columns, columnAdditional)
	}
	return columns
}
