// Package draw makes a picture of the card as it is known: its uplinks, its embedded
// switch, and behind that the controllers with their PFs, VFs and SFs, each with the
// logical port that asks for it and that port's state.
//
// It is pure: the same facts give the same text. The picture is as wide as A4 paper
// and as high as it must be, black on white, and every state has a shape, a line and
// a colour of its own, so that a grey print says as much. Texts that others chose are
// bounded and escaped; one that doesn't fit ends in an ellipsis and is there at
// greater length as a tooltip.
package draw

import (
	"fmt"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

// Facts is what is drawn.
type Facts struct {
	// Title and Subtitle say what is seen, and through whose eyes.
	Title, Subtitle string
	// Representors and its Uplinks are in the order in which they are drawn.
	Representors api.Representors
	// Ports are what logical ports ask for. They mean nothing unless PortsKnown:
	// without a daemon nobody knows what is asked.
	Ports      []api.Port
	PortsKnown bool
}

// The page, in CSS pixels of 1/96 inch: 794 of them are the 210 mm of A4.
const (
	pageWidth   = 794
	pageWidthMM = 210
	margin      = 36
	innerWidth  = pageWidth - 2*margin
)

// SVG draws the facts as an SVG document.
func SVG(f Facts) string {
	m := newModel(f)
	var body canvas
	y := body.heading(f, m)
	for i := range m.instances {
		y = body.instance(margin, y, &m.instances[i], m.columns)
	}
	if len(m.instances) == 0 {
		body.text(margin, y+10, "note", "No representors and no uplinks were seen.")
		y += 26
	}
	y = body.unplugged(y, m.unplugged)

	var page canvas
	height := y + margin - sectionGap
	fmt.Fprintf(&page, `<svg xmlns="http://www.w3.org/2000/svg" width="%dmm" height="%smm" viewBox="0 0 %d %s" `+
		`role="img" xml:space="preserve">`+"\n",
		pageWidthMM, number(height*pageWidthMM/pageWidth), pageWidth, number(height))
	page.title(reason.Name(f.Title))
	page.WriteString(style)
	page.WriteString(shapes)
	page.rect(0, 0, pageWidth, height, 0, "page")
	page.WriteString(body.String())
	page.WriteString("</svg>\n")
	return page.String()
}
