package doctor

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// foreignMost bounds for how many rows there is a command: as many as reason.List names.
const foreignMost = 8

// delivered tells whether a function may be on a bridge of its own from the beginning.
func (p *patient) delivered(f representor.Function) bool {
	return f.Kind == representor.PF || !f.External || p.index.OwnerGuessed(f)
}

// foreign looks for representors that somebody else has put on a bridge, by hand
// perhaps: requests for them are in conflict. That a card's PFs, and this machine's own
// functions, are on a bridge of their own is how some are delivered, and no fault.
func (p *patient) foreign(c *diagnose.Check) {
	var remedies, rows []string
	for _, r := range p.index.All() {
		i := p.Local.Interfaces[r.Link.Name]
		if r.Link.Name == "" || i.Bridge == "" || i.Marked || i.OVNPlugged != "" || i.Bridge != p.Local.Bridge && p.delivered(r.Function) {
			continue
		}
		rows = append(rows, fmt.Sprintf("%s on %s", reason.Word(i.Name), reason.Word(i.Bridge)))
		if len(rows) <= foreignMost {
			remedies = append(remedies, strings.TrimPrefix(plan.MakeRoom(p.Local, i.Name), plan.IfUnneeded))
		}
	}
	if len(rows) == 0 {
		c.OK("no representor is on a bridge by somebody else's hand")
		return
	}
	c.Warn("somebody else has put representors on a bridge, and a request for one of them is a conflict: "+reason.List(rows),
		"if nobody needs them there: "+strings.Join(remedies, " "))
}
