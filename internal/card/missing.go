package card

import (
	"fmt"
	"slices"

	"github.com/representord/representord/devlink"
)

// expected lists the ports that are known to be there.
func (l *portList) expected(claimed []devlink.PortID) []devlink.PortID {
	ids := slices.Concat(l.unreadable, claimed)
	for i := range l.ports {
		ids = append(ids, l.ports[i].ID())
	}
	return sortedIDs(ids)
}

// after takes over what the list before knows of ports that can't be read now, and with
// that whether this one may lack a PF's port. Where it is short because of ports that are
// known to be others, it doesn't: each PF that was there before has been asked for by
// itself. Where nothing known explains why it is short, or nothing is known from before,
// it does.
func (l *portList) after(last portList) {
	l.noPFs = slices.DeleteFunc(slices.Clone(l.unreadable), func(id devlink.PortID) bool { return !last.isNoPF(id) })
	explained := len(l.unreadable) > 0 && len(l.unreadable) == len(l.noPFs) && len(l.unreadable) == l.leftOut
	l.mayLackPFs = l.doubt != "" && !explained
}

// isNoPF tells whether a port is known not to be a PF's. Of this machine's own PF there may
// be the physical port only.
func (l *portList) isNoPF(id devlink.PortID) bool {
	return slices.Contains(l.noPFs, id) || slices.ContainsFunc(l.ports, func(p devlink.Port) bool {
		return p.ID() == id && p.Flavour != devlink.FlavourPCIPF && p.Flavour != devlink.FlavourPhysical
	})
}

// shortfall says what the kernel's list of ports lacked.
func shortfall(recovered int, unreadable []devlink.PortID, cause error) string {
	if recovered == 0 && len(unreadable) == 0 {
		return ""
	}
	s := "the kernel's list of devlink ports is short"
	if len(unreadable) > 0 {
		first := unreadable[0]
		s += fmt.Sprintf(": %d can't be read, the first is %s/%d (%v)", len(unreadable), first.Handle, first.Index, cause)
	}
	return s + fmt.Sprintf("; %d were asked for one by one, others that are new may be missing", recovered)
}
