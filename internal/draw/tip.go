package draw

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

// tip is the tooltip of a cell: everything that is known, in lines.
func (c *cell) tip() string {
	var lines []string
	if c.pile > 0 {
		lines = append(lines, fmt.Sprintf("%s to %s: %d functions, nobody asks for any", reason.Name(c.Function),
			reason.Name(c.last.Function), c.pile))
		if c.Netdev != "" && c.last.Netdev != "" {
			lines = append(lines, fmt.Sprintf("netdevs %s to %s", reason.Name(c.Netdev), reason.Name(c.last.Netdev)))
		}
		return strings.Join(lines, "\n")
	}
	lines = append(lines, reason.Name(c.Function), "netdev "+netdevTip(c.Netdev, c.Link))
	if c.HWAddr != "" {
		lines = append(lines, "MAC "+reason.Name(c.HWAddr))
	}
	if state := strings.Trim(reason.Name(c.State)+", "+reason.Name(c.OpState), ", "); state != "" {
		lines = append(lines, "function "+state)
	}
	for i := range c.claims {
		if i == claimsMost {
			lines = append(lines, fmt.Sprintf("and %d more", len(c.claims)-i))
			break
		}
		lines = append(lines, claimTip(&c.claims[i]))
	}
	return strings.Join(lines, "\n")
}

// claimsMost is how many of the requests for one function a tooltip lists.
const claimsMost = 4

func claimTip(p *api.Port) string {
	s := fmt.Sprintf("logical port %s: %s", reason.Name(p.LogicalPort), reason.Name(string(p.State)))
	if p.Reason != nil {
		s += ", " + reason.Name(string(p.Reason.Code))
	}
	if p.Ofport > 0 {
		s += fmt.Sprintf(", ofport %d", p.Ofport)
	}
	return s
}

func netdevTip(netdev string, l *api.Link) string {
	if netdev == "" {
		return "none"
	}
	s := reason.Name(netdev)
	if state := linkState(netdev, l); state != "" {
		s += fmt.Sprintf(",%s, mtu %d", state, l.MTU)
	}
	return s
}
