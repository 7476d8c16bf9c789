package explain

import (
	"cmp"
	"maps"
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// remedy is what to do about a reason. Where the machine's own names are known they
// are in the commands, so that these can be typed as they stand.
func (c *chain) remedy(r *reason.Reason) string {
	if len(r.Candidates) == 1 {
		if mend := plan.RemedyOf(c.in.Actual, r, c.rowCalled(r.Candidates[0])); mend != "" {
			return mend
		}
	}
	n := c.names(r)
	switch {
	case r.Code == reason.CodeUnsupportedDatapath:
		return diagnose.Datapath(c.in.Actual)
	case c.query == nil:
	case r.Code == reason.CodePFNotFound && len(r.Candidates) > 0: // on another controller
		return n.Fill("correct the option, or remove it: `ovn-nbctl remove Logical_Switch_Port {port} options '\"" + option.Controller + "\"'`")
	case r.Code == reason.CodePFNotFound && !c.query.PFMAC.IsZero():
		return n.Fill(diagnose.FindPF(c.in.Index, *c.query, n.Device))
	case r.Code == reason.CodeFunctionNotFound:
		return n.Fill(diagnose.FindFunction(c.in.Index, *c.query))
	case r.Code == reason.CodePFMACUnknown:
		var pfs []representor.Function
		for _, text := range r.Candidates {
			if pf, err := representor.ParseFunction(text); err == nil {
				pfs = append(pfs, pf)
			}
		}
		return cmp.Or(diagnose.TellMACs(c.in.Index, pfs), n.Remedy(r.Code))
	}
	return n.Remedy(r.Code)
}

// fill is for a remedy that goes with no reason.
func (c *chain) fill(remedy string) string { return c.names(&reason.Reason{}).Fill(remedy) }

// names are what is known of the names in a remedy.
func (c *chain) names(r *reason.Reason) diagnose.Names {
	n := diagnose.Names{
		Port: c.in.LogicalPort, Option: r.Option, Netdev: c.rep.Link.Name, Row: c.rep.Link.Name,
		Chassis: c.in.Asked.Chassis, Bridge: c.in.Actual.Bridge, Device: c.device(),
	}
	if c.placed != nil {
		n.Row = c.placed.Name
		n.Netdev = cmp.Or(n.Netdev, n.Row)
	}
	if len(r.Candidates) == 1 {
		n.InTheWay = r.Candidates[0]
	}
	n.DevlinkPort = c.devlinkPort(n.InTheWay)
	return n
}

// rowCalled finds the name of a row as it is, by the name that a reason shows.
func (c *chain) rowCalled(shown string) string {
	a := c.in.Actual
	for _, name := range slices.Concat(slices.Sorted(maps.Keys(a.Interfaces)), slices.Sorted(maps.Keys(a.PortNames))) {
		if reason.Name(name) == shown {
			return name
		}
	}
	return ""
}

// devlinkPort is the port of the function that a reason is about: the one that it names, or the
// one that is asked for. What the port had before is another one.
func (c *chain) devlinkPort(function string) string {
	f, _ := representor.ParseFunction(function)
	r, named := c.in.Index.ByFunction(f)
	if !named {
		r = c.rep
		if r.Function.Kind == 0 || c.query != nil && !c.found {
			return ""
		}
	}
	return diagnose.DevlinkPort(r)
}

// device is the one devlink device with ports of a card, empty where there are several.
func (c *chain) device() string {
	all := map[string]bool{}
	for _, u := range c.in.Index.Uplinks() {
		if u.Card != (devlink.Handle{}) {
			all[u.Card.String()] = true
		}
	}
	for _, r := range c.in.Index.All() {
		all[r.Function.Handle.String()] = true
	}
	if len(all) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(all))[0]
}
