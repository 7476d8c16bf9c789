package draw

import "fmt"

const sectionGap = 18

// heading draws the title and the legend, which counts as well.
func (c *canvas) heading(f Facts, m model) float64 {
	c.foreign(margin, margin+18, innerWidth, font{size: 21}, "h1", f.Title)
	y := float64(margin + 34)
	c.foreign(margin, y, innerWidth, font{size: 10}, "note", f.Subtitle)
	y += 24
	y = c.legend(y, f, m)
	if !f.Representors.Complete {
		lines := prose().wrap("Incomplete: "+sentence(f.Representors.Problem), innerWidth-24, 3)
		h := float64(len(lines))*12 + 10
		y += 4
		c.rect(margin, y-6, innerWidth, h, 3, "warning")
		for i, line := range lines {
			c.foreign(margin+12, y+8+float64(i)*12, innerWidth-24, prose(), "", line)
		}
		y += h + 2
	}
	return y + 6
}

func (c *canvas) legend(y float64, f Facts, m model) float64 {
	looks, free := []string{"plugged", "pending", "conflict", "held", "invalid"}, "nobody asks"
	if !f.PortsKnown {
		looks, free = nil, "functions; who asks for them is not known"
	}
	x := float64(margin)
	for _, look := range append(looks, none) {
		means := look
		if look == none {
			means = free
		}
		count := fmt.Sprint(m.counts[look])
		words := x + 18 + label().width(count) + 4
		w := words - x + prose().width(means)
		if x+w > pageWidth-margin && x > margin {
			words, x, y = words-x+margin, margin, y+18
		}
		c.use(look, x+6, y)
		c.text(x+18, y+3.4, "label", count)
		c.text(words, y+3.4, "", means)
		x += w + 20
	}
	y += 18
	if m.piles {
		c.text(margin, y, "grey", "A pile of cells stands for neighbouring functions that nobody asks for.")
		y += 14
	}
	return y
}
