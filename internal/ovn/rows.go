package ovn

import (
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/cardserial"
)

// The Southbound and the tables of it that we read; ovn-sb(5).
const (
	Database         = "OVN_Southbound"
	TableGlobal      = "SB_Global"
	TableChassis     = "Chassis"
	TablePortBinding = "Port_Binding"

	ColumnAdditional = "requested_additional_chassis"
)

// Global is the one row of the database that lives as long as the database: its
// uuid names it. A monitor must name a column; ssl hardly ever changes, while
// nb_cfg does with every ovn-nbctl --wait.
type Global struct {
	UUID string  `ovsdb:"_uuid"`
	SSL  *string `ovsdb:"ssl"`
}

// Chassis is a row of Chassis.
type Chassis struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Hostname    string            `ovsdb:"hostname"`
	OtherConfig map[string]string `ovsdb:"other_config"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// CMSOptions is ovn-cms-options, where cards are published: a list separated by commas.
func (c *Chassis) CMSOptions() string { return cardserial.OptionsOf(c.OtherConfig, c.ExternalIDs) }

// HiddenFromOldNeutron tells whether cards are published where a cardserial.OldNeutron doesn't look.
func (c *Chassis) HiddenFromOldNeutron() bool {
	return cardserial.HiddenFromOldNeutron(c.OtherConfig, c.ExternalIDs)
}

// PortBinding is a row of Port_Binding as of OVN 22.06.
type PortBinding struct {
	UUID        string            `ovsdb:"_uuid"`
	LogicalPort string            `ovsdb:"logical_port"`
	Type        string            `ovsdb:"type"`
	ParentPort  *string           `ovsdb:"parent_port"`
	Options     map[string]string `ovsdb:"options"`
	// RequestedChassis and RequestedAdditional are uuids of Chassis rows; northd
	// alone may write these columns.
	RequestedChassis    *string  `ovsdb:"requested_chassis"`
	RequestedAdditional []string `ovsdb:"requested_additional_chassis"`
	// Chassis is the uuid of the Chassis row that has claimed the port.
	Chassis *string `ovsdb:"chassis"`
	Up      *bool   `ovsdb:"up"`
	// MAC are the port's addresses, each a MAC with or without IP addresses behind it, or a
	// word.
	MAC []string `ovsdb:"mac"`
}

// PortBinding2203 is a row of Port_Binding before OVN 22.06: a PortBinding without
// requested_additional_chassis, to which it can be converted.
type PortBinding2203 struct {
	UUID                string            `ovsdb:"_uuid"`
	LogicalPort         string            `ovsdb:"logical_port"`
	Type                string            `ovsdb:"type"`
	ParentPort          *string           `ovsdb:"parent_port"`
	Options             map[string]string `ovsdb:"options"`
	RequestedChassis    *string           `ovsdb:"requested_chassis"`
	RequestedAdditional []string          // no column
	Chassis             *string           `ovsdb:"chassis"`
	Up                  *bool             `ovsdb:"up"`
	MAC                 []string          `ovsdb:"mac"`
}

// AsPortBinding is nil for what is a row of another table.
func AsPortBinding(m model.Model) *PortBinding {
	switch p := m.(type) {
	case *PortBinding:
		return p
	case *PortBinding2203:
		return (*PortBinding)(p)
	}
	return nil
}

// clone spares the library, which clones a row whenever it changes it, a detour through JSON.
func (p *PortBinding) clone() *PortBinding {
	q := *p
	q.ParentPort, q.RequestedChassis = clonePointer(p.ParentPort), clonePointer(p.RequestedChassis)
	q.Chassis, q.Up = clonePointer(p.Chassis), clonePointer(p.Up)
	q.Options, q.RequestedAdditional, q.MAC = maps.Clone(p.Options), slices.Clone(p.RequestedAdditional), slices.Clone(p.MAC)
	return &q
}

// CloneModel and CloneModelInto implement model.CloneableModel.
func (p *PortBinding) CloneModel() model.Model { return p.clone() }

// CloneModelInto is given a row of the same table.
func (p *PortBinding) CloneModelInto(m model.Model) {
	if q := AsPortBinding(m); q != nil {
		*q = *p.clone()
	}
}

// CloneModel and CloneModelInto implement model.CloneableModel.
func (p *PortBinding2203) CloneModel() model.Model {
	return (*PortBinding2203)((*PortBinding)(p).clone())
}

// CloneModelInto is given a row of the same table.
func (p *PortBinding2203) CloneModelInto(m model.Model) { (*PortBinding)(p).CloneModelInto(m) }

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
