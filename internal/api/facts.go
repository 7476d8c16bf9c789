package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Facts is what the daemon knows at one time, in its own types. The snapshots in
// it are not modified once made, so Facts can be had without waiting.
type Facts struct {
	Daemon
	Local         ovs.View
	LocalEndpoint string
	Southbound    southbound.View
	// Index is never nil.
	Index  *representor.Index
	Report plug.Report
	// Companions are the programs that must run beside the daemon.
	Companions []companion.Sight
	// Serials is how it stands with the cards' serial numbers.
	Serials register.Report
}

// Status gives the facts as PathStatus shows them.
func (f Facts) Status() Status {
	s := Status{
		Daemon:          f.Daemon,
		Ports:           map[plan.State]int{plan.Plugged: 0, plan.Pending: 0, plan.Conflict: 0, plan.Held: 0, plan.Invalid: 0},
		Holds:           holds(f.Report.Holds),
		LastPass:        instant(f.Report.At),
		Counters:        f.Report.Counters,
		Planned:         Changes(f.Report.Planned),
		BuiltInProvider: f.Report.BuiltIn,
		Southbound: Southbound{
			Connected:    f.Southbound.Connected,
			Complete:     f.Southbound.Complete,
			Since:        instant(f.Southbound.Since),
			Endpoint:     f.Southbound.Endpoint,
			Problem:      f.Southbound.Problem,
			Identity:     f.Southbound.Identity,
			ChassisKnown: f.Southbound.ChassisKnown,
		},
		Local: Local{
			Complete:     f.Local.Complete,
			Endpoint:     f.LocalEndpoint,
			Problem:      f.Local.Problem,
			BridgeFound:  f.Local.BridgeUUID != "",
			DatapathType: f.Local.DatapathType,
		},
	}
	s.Started, s.Problems = instant(f.Started), slices.Concat(f.Problems, f.Serials.Problems())
	s.Devlink.Complete, s.Devlink.Problem = f.Index.Complete()
	s.Devlink.Representors = len(f.Index.All())
	for _, p := range f.Report.Ports {
		s.Ports[p.State]++
	}
	for _, c := range f.Companions {
		c.Since = instant(c.Since)
		s.Companions = append(s.Companions, c)
	}
	return s
}

// Ports gives the facts as PathPorts shows them.
func (f Facts) Ports() Ports {
	out := Ports{Standing: f.standing(), Ports: make([]Port, 0, len(f.Report.Ports))}
	rows := f.placed()
	for _, p := range f.Report.Ports {
		out.Ports = append(out.Ports, newPort(p, rows))
	}
	return out
}

// placed are the logical ports that have a row of ours on the bridge.
func (f Facts) placed() map[string]bool {
	all := map[string]bool{}
	for _, r := range f.Local.Interfaces {
		if r.Marked && r.OVNPlugged == "" && r.Bridge == f.Local.Bridge && r.Bridge != "" {
			all[cmp.Or(r.Marker.LogicalPort, r.IfaceID)] = true
		}
	}
	delete(all, "") // of a row that doesn't tell its port
	return all
}

func (f Facts) standing() Standing {
	return Standing{Role: f.Role, RoleReason: f.RoleReason, AsOf: instant(f.Report.At)}
}

// Representors gives the facts as PathRepresentors shows them.
func (f Facts) Representors() Representors {
	all, uplinks, lports := f.Index.All(), f.Index.Uplinks(), f.pluggedFor()
	out := Representors{Representors: make([]Representor, 0, len(all)), Uplinks: make([]Uplink, 0, len(uplinks))}
	out.Complete, out.Problem = f.Index.Complete()
	for _, r := range all {
		out.Representors = append(out.Representors, f.representor(r, lports))
	}
	for _, u := range uplinks {
		shown := Uplink{Handle: u.Handle.String(), PortIndex: u.PortIndex, Number: pointer(u.Number), Netdev: u.Link.Name}
		shown.IfIndex, shown.Link = f.link(u.IfIndex, u.Link)
		if u.Card != (devlink.Handle{}) {
			shown.Card = u.Card.String()
		}
		out.Uplinks = append(out.Uplinks, shown)
	}
	return out
}

// CardSerials gives the facts as PathSerials shows them.
func (f Facts) CardSerials() Serials {
	r := f.Serials
	out := Serials{
		Registration: !r.Off, Problem: r.Problem,
		Cards: make([]register.Card, 0, len(r.Cards)), Stale: r.Stale, Foreign: r.Foreign,
	}
	if whole, problem := f.Index.Complete(); !whole {
		out.CardProblem = problem
	}
	if f.Chassis != "" {
		out.Key, out.Options = r.Key, r.Options
	}
	var copied []string
	if f.Southbound.Complete && f.Southbound.ChassisKnown {
		out.Southbound = &ChassisOptions{
			Chassis: f.Southbound.Chassis, Options: f.Southbound.CMSOptions, HiddenFromOldNeutron: f.Southbound.HiddenFromOldNeutron,
		}
		copied = cardserial.Published(f.Southbound.CMSOptions)
	}
	for _, c := range r.Cards {
		if out.Southbound != nil {
			c.InSouthbound = new(slices.Contains(copied, c.Serial))
		}
		out.Cards = append(out.Cards, c)
	}
	return out
}

// pluggedFor maps functions to the logical ports that they are plugged for.
func (f Facts) pluggedFor() map[string]string {
	m := make(map[string]string, len(f.Report.Ports))
	for _, p := range f.Report.Ports {
		if p.State == plan.Plugged {
			m[p.Function] = p.LogicalPort
		}
	}
	return m
}

// newPort gives the status of a logical port as the API shows it.
func newPort(s plug.Port, placed map[string]bool) Port {
	return Port{
		OnBridge:    placed[s.LogicalPort],
		LogicalPort: s.LogicalPort,
		State:       s.State,
		Reason:      s.Reason,
		Warnings:    s.Warnings,
		Since:       instant(s.Since),
		Request:     s.Request,
		Function:    s.Function,
		Netdev:      s.Netdev,
		IfIndex:     s.IfIndex,
		Ofport:      s.Ofport,
		Up:          s.Up,
	}
}

// link gives what is known of a netdev, nothing if there is none. Where only ports are known
// its ifindex was made up so that names can be looked up.
func (f Facts) link(ifindex uint32, l representor.Link) (uint32, *Link) {
	if ifindex == 0 || f.Index.PortsOnly() {
		return 0, nil
	}
	return ifindex, &Link{Up: l.Up, MTU: l.MTU, HWAddr: address(l.HWAddr), Settled: l.Settled}
}

// representor gives a representor as the API shows it, with the port that it is plugged for.
func (f Facts) representor(r representor.Representor, lports map[string]string) Representor {
	fn := r.Function
	out := Representor{
		Function:   fn.String(),
		Handle:     fn.Handle.String(),
		Controller: pointer(fn.Controller),
		External:   fn.External,
		PF:         fn.PF,
		Kind:       fn.Kind.String(),
		PortIndex:  r.PortIndex,
		Type:       r.Type.String(),
		HWAddr:     address(r.HWAddr),
		State:      string(r.State),
		OpState:    string(r.OpState),
		Netdev:     r.Link.Name,
	}
	out.IfIndex, out.Link = f.link(r.IfIndex, r.Link)
	out.LogicalPort = lports[out.Function]
	if fn.Kind != representor.PF {
		out.Number = &fn.Number
	}
	return out
}

// holds gives holds as the API shows them: neither they nor their ports are nil.
func holds(all []plug.Holding) []plug.Holding {
	out := make([]plug.Holding, 0, len(all))
	for _, h := range all {
		h.Until, h.Ports = instant(h.Until), append([]string{}, h.Ports...)
		out = append(out, h)
	}
	return out
}

// Changes gives planned changes as the API shows them, never nil.
func Changes(changes []ovs.Change) []Change {
	out := make([]Change, 0, len(changes))
	for _, c := range changes {
		w := Change{LogicalPorts: c.LogicalPorts, Why: c.Why}
		for _, u := range c.Unplug {
			i := u.Interface
			w.Unplug = append(w.Unplug, Row{Netdev: i.Name, LogicalPort: i.Marker.LogicalPort, Function: i.Marker.Function, MTU: i.MTURequest})
		}
		for _, p := range c.Plug {
			w.Plug = append(w.Plug, Row{Netdev: p.Netdev, LogicalPort: p.IfaceID, Function: p.Marker.Function, MTU: p.MTURequest})
		}
		for _, e := range c.Edit {
			w.Edit = append(w.Edit, Edit{Netdev: e.Interface.Name, Set: e.Set, Delete: e.Delete, MTU: e.MTURequest, ClearsType: e.ClearType})
		}
		out = append(out, w)
	}
	return out
}

// instant makes a time fit to be sent: UTC, in milliseconds, zero stays zero.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func address(m representor.MAC) string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

func pointer(o devlink.Optional[uint32]) *uint32 {
	if !o.Present {
		return nil
	}
	return &o.Value
}
