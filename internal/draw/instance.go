package draw

import (
	"fmt"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

// Distances inside of an instance.
const (
	pad        = 16
	uplinkGap  = 8
	uplinkRow  = 4
	uplinkW    = (innerWidth - 2*pad - (uplinkRow-1)*uplinkGap) / 4.0
	uplinkH    = 32
	barH       = 17
	trunkX     = margin + pad + 14
	hostX      = margin + 48
	hostW      = innerWidth - 48 - pad
	hostPad    = 12
	pfX        = hostX + hostPad
	pfW        = hostW - 2*hostPad
	gridIndent = 18
	gridW      = pfW - gridIndent
	// Columns of cells, as they are drawn when there are few; small cells make more
	// of them if names are short.
	roomyColumns = 3
)

// instance draws a devlink instance from y on, and gives where the next one begins.
func (c *canvas) instance(x, y float64, in *instance, columns int) float64 {
	var inner canvas
	top := y
	y += 22
	inner.foreign(x+pad, y, 330, font{size: 13}, "h2", in.handle)
	inner.textEnd(x+innerWidth-pad, y, "grey", in.summary)
	y += 14
	barY := y
	if n := len(in.uplinks); n > 0 {
		rows := (n + uplinkRow - 1) / uplinkRow
		barY += float64(rows*(uplinkH+uplinkGap)) + 6
		for i := range in.uplinks {
			row, column := float64(i/uplinkRow), float64(i%uplinkRow)
			ux, uy := x+pad+column*(uplinkW+uplinkGap), y+row*(uplinkH+uplinkGap)
			// Wires of upper rows run behind the lower ones, each beside the others.
			inner.path("wire", "M%s %s V%s", ux+14+6*row, uy+uplinkH, barY)
			inner.uplink(ux, uy, in, i)
		}
	}
	inner.rect(x+pad, barY, innerWidth-2*pad, barH, 3, "switch")
	inner.text(x+pad+12, barY+11.6, "inverse", "EMBEDDED SWITCH")
	y = barY + barH
	var branches []float64
	for i := range in.hosts {
		y += 12
		y = inner.host(y, &in.hosts[i], columns, &branches)
	}
	for _, b := range branches {
		inner.path("wire", "M%s %s H%s", trunkX, b, pfX)
	}
	if n := len(branches); n > 0 {
		inner.path("wire", "M%s %s V%s", trunkX, barY+barH, branches[n-1]+1)
	} else {
		y += 18
		empty := "no functions"
		if in.cardless {
			empty = "an uplink; the card it belongs to is not known"
		}
		inner.text(x+pad+12, y, "grey", empty)
	}
	y += pad
	c.rect(x, top, innerWidth, y-top, 8, "card")
	c.WriteString(inner.String())
	return y + sectionGap
}

func (c *canvas) uplink(x, y float64, in *instance, i int) {
	u := &in.uplinks[i]
	name := "Uplink"
	if u.Number != nil {
		name = fmt.Sprintf("Uplink %d", *u.Number)
	}
	c.group(fmt.Sprintf("uplink %s/%d\nnetdev %s", reason.Name(u.Handle), u.PortIndex, netdevTip(u.Netdev, u.Link)))
	c.rect(x, y, uplinkW, uplinkH, 4, "uplink")
	c.use("jack", x+14, y+uplinkH/2)
	c.text(x+28, y+13.5, "label", name)
	c.netdev(x+28, y+25.5, uplinkW-34, u.Netdev, u.Link)
	c.WriteString("</g>\n")
}

// netdev writes a netdev's name and how its link is.
func (c *canvas) netdev(x, y, width float64, name string, link *api.Link) {
	f, state := mono(), linkState(name, link)
	if name == "" {
		c.text(x, y, "mono grey", f.fit("no netdev", width))
		return
	}
	room := width - f.width(state)
	shown := f.fit(name, room)
	if wild(shown) {
		c.foreign(x, y, room, f, "mono", name)
		c.textEnd(x+width, y, "mono grey", state)
		return
	}
	c.text(x, y, "mono", shown)
	c.text(x+f.width(shown), y, "mono grey", state)
}

// host draws a controller's functions. The wires to its PFs end at the heights that
// are added to branches.
func (c *canvas) host(y float64, h *host, columns int, branches *[]float64) float64 {
	var inner canvas
	top := y
	y += 17
	inner.text(pfX, y, "h3", h.title)
	inner.text(pfX+label().width(h.title)+6, y, "grey", h.remark)
	y += 8
	for i := range h.pfs {
		if i > 0 {
			y += 10
		}
		y = inner.pf(y, &h.pfs[i], columns, branches)
	}
	y += hostPad
	c.rect(hostX, top, hostW, y-top, 6, "host")
	c.WriteString(inner.String())
	return y
}

// pf draws a PF as a bar, and its VFs and SFs hanging from that.
func (c *canvas) pf(y float64, p *pf, columns int, branches *[]float64) float64 {
	h := c.pfBar(y, p)
	*branches = append(*branches, y+h/2)
	y += h
	if len(p.cells) == 0 {
		return y
	}
	dense := columns > 0
	gap, rowGap := 9.0, 8.0
	if dense {
		gap, rowGap = 5, 1.8
	} else {
		columns = roomyColumns
	}
	stem := float64(pfX + 8)
	stemTop, stemEnd := y, y
	y += max(rowGap, 4)
	left := float64(pfX + gridIndent)
	w := (gridW - gap*float64(columns-1)) / float64(columns)
	for i := 0; i < len(p.cells); {
		row := p.cells[i:min(i+columns, len(p.cells))]
		rowH := 0.0
		for j := range row {
			rowH = max(rowH, row[j].height(dense))
		}
		for j := range row {
			c.cell(left+float64(j)*(w+gap), y, w, rowH, &row[j], dense)
		}
		stemEnd = y + rowH/2
		c.path("thin", "M%s %s H%s", stem, stemEnd, left)
		y += rowH + rowGap
		i += len(row)
	}
	c.path("thin", "M%s %s V%s", stem, stemTop, stemEnd)
	return y - rowGap
}
