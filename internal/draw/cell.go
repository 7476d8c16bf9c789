package draw

import (
	"cmp"
	"fmt"
	"unicode/utf8"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// Heights of cells, by what they have to say.
const (
	denseH  = 10.8
	freeH   = 20
	askedH  = 34
	reasonH = 45
)

func (c *cell) height(dense bool) float64 {
	switch {
	case dense:
		return denseH
	case len(c.claims) == 0:
		return freeH
	case remark(c.claims) == "":
		return askedH
	}
	return reasonH
}

// remark is what there is to say of a request beside its name.
func remark(claims []api.Port) string {
	p := &claims[0]
	s := ""
	switch {
	case p.State != plan.Plugged:
		s = verdict(p)
	case p.Ofport > 0 && p.Up:
		s = fmt.Sprintf("ofport %d, up", p.Ofport)
	case p.Ofport > 0:
		s = fmt.Sprintf("ofport %d, not up in OVN", p.Ofport)
	}
	if n := len(claims) - 1; n > 0 {
		if s != "" {
			s += "; "
		}
		s += fmt.Sprintf("%d more asking", n)
	}
	return s
}

func (c *canvas) cell(x, y, w, h float64, f *cell, dense bool) {
	c.group(f.tip())
	class := "box " + f.look
	if dense {
		class = "box small-box " + f.look
	}
	if f.pile > 0 {
		// Two more sheets lie behind the first, which is as high as a cell that is alone.
		const lag = 2.5
		w -= 2 * lag
		for sheet := 2.0; sheet > 0; sheet-- {
			in := sheet * h / 12
			c.rect(x+sheet*lag, y+in, w, h-2*in, 3, class)
		}
	}
	c.rect(x, y, w, h, 3, class)
	if dense {
		c.small(x, y, w, h, f)
	} else {
		c.roomy(x, y, w, f)
	}
	c.WriteString("</g>\n")
}

// roomy has the function and its netdev in the first line, and what it is asked for
// below.
func (c *canvas) roomy(x, y, w float64, f *cell) {
	const middle = freeH / 2
	c.use(f.look, x+11, y+middle)
	left, right := x+20, x+w-5
	base := y + middle + 3.4
	c.text(left, base, "label", f.label)
	room := right - left - label().width(f.label) - 8
	if f.pile > 0 {
		c.textEnd(right, base, "grey", prose().fit(fmt.Sprintf("%d functions", f.pile), room))
	} else {
		c.netdevEnd(right, base, room, f)
	}
	if len(f.claims) == 0 {
		return
	}
	c.foreign(left, y+26.5, right-left, mono(), "mono", f.claims[0].LogicalPort)
	if s := remark(f.claims); s != "" {
		c.text(left, y+38.5, "grey", prose().fit(s, right-left))
	}
}

// netdevEnd writes the netdev of a function up to a right edge.
func (c *canvas) netdevEnd(right, y, room float64, f *cell) {
	shown := mono().fit(cmp.Or(f.Netdev, "no netdev"), room)
	w := min(mono().width(shown+linkState(f.Netdev, f.Link)), room)
	c.netdev(right-w, y, w+0.1, f.Netdev, f.Link)
}

// Where the parts of a small cell are.
const (
	smallLeft  = 15
	smallRight = 4
	smallLabel = 33
	smallNames = 36 // as many characters of a name as a UUID has are worth a column
)

// smallColumns is into how many columns the longest of the names fits.
func smallColumns(m *model) int {
	longest := 0
	for i := range m.instances {
		for p := range m.instances[i].pfs() {
			for j := range p.cells {
				longest = max(longest, min(utf8.RuneCountInString(p.cells[j].shown()), smallNames))
			}
		}
	}
	return max(3, min(6, int(gridW/(smallLeft+smallLabel+smallRight+8+compact().measure('0')*float64(longest)))))
}

// shown is the name in a small cell.
func (c *cell) shown() string {
	switch {
	case len(c.claims) > 0:
		return c.claims[0].LogicalPort
	case c.pile > 0:
		return fmt.Sprintf("× %d", c.pile)
	}
	return c.Netdev
}

// small has one line: the function, and its logical port, or else its netdev.
func (c *canvas) small(x, y, w, h float64, f *cell) {
	base := y + h/2 + 2.5
	c.useSmall(f.look, x+8, y+h/2)
	left, right := x+smallLeft, x+w-smallRight
	c.text(left, base, "small", f.label)
	left += max(small().width(f.label), smallLabel) + 3
	if n := len(f.claims) - 1; n > 0 {
		more := fmt.Sprintf("+%d", n)
		c.textEnd(right, base, "small", more)
		right -= small().width(more) + 2
	}
	switch {
	case len(f.claims) > 0:
		c.foreign(left, base, right-left, compact(), "compact", f.shown())
	case f.pile > 0:
		c.textEnd(right, base, "compact grey", f.shown())
	case f.shown() == "":
		c.text(left, base, "compact grey", compact().fit("no netdev", right-left))
	default:
		c.foreign(left, base, right-left, compact(), "compact grey", f.shown())
	}
}

// pfBar draws a PF and gives its height.
func (c *canvas) pfBar(y float64, p *pf) float64 {
	name := fmt.Sprintf("PF %d", p.number)
	if p.own == nil {
		c.group(name + " has no representor here")
		c.rect(pfX, y, pfW, freeH, 3, "box missing")
		c.text(pfX+20, y+13.4, "label", name)
		c.text(pfX+62, y+13.4, "grey", "no representor of its own")
		c.WriteString("</g>\n")
		return freeH
	}
	f := p.own
	h := f.height(false)
	c.group(f.tip())
	c.rect(pfX, y, pfW, h, 3, "box "+f.look)
	c.roomy(pfX, y, pfW, f)
	c.foreign(pfX+72, y+13.4, 150, mono(), "mono", cmp.Or(f.HWAddr, "MAC unknown"))
	c.WriteString("</g>\n")
	return h
}
