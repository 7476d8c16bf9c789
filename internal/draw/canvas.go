package draw

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// canvas collects elements of SVG. Coordinates are pixels of the page. What is written as a string
// is markup already.
type canvas struct {
	strings.Builder
}

// number writes a coordinate, to a tenth of a pixel.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

// escape makes character data of a text.
func (c *canvas) escape(s string) {
	_ = xml.EscapeText(c, []byte(s)) // a strings.Builder doesn't fail
}

// element writes an empty element; pairs are names and values of attributes, and
// values that are empty are left out.
func (c *canvas) element(name string, pairs ...string) {
	c.open(name, pairs...)
	c.WriteString("/>\n")
}

func (c *canvas) open(name string, pairs ...string) {
	c.WriteString("<" + name)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			c.WriteString(" " + pairs[i] + `="` + pairs[i+1] + `"`)
		}
	}
}

// title is the tooltip of the group that is open.
func (c *canvas) title(s string) {
	c.WriteString("<title>")
	c.escape(s)
	c.WriteString("</title>\n")
}

// group opens a group with a tooltip; WriteString("</g>\n") closes it.
func (c *canvas) group(tip string) {
	c.WriteString("<g>")
	c.title(tip)
}

func (c *canvas) rect(x, y, w, h, r float64, class string) {
	radius := ""
	if r > 0 {
		radius = number(r)
	}
	c.element("rect", "x", number(x), "y", number(y), "width", number(w), "height", number(h), "rx", radius, "class", class)
}

// path draws lines; coordinates stand where the form has %s, as in "M%s %s V%s".
func (c *canvas) path(class, form string, at ...float64) {
	var numbers []any
	for _, f := range at {
		numbers = append(numbers, number(f))
	}
	c.element("path", "d", fmt.Sprintf(form, numbers...), "class", class)
}

func (c *canvas) use(shape string, x, y float64) {
	c.element("use", "href", "#"+shape, "x", number(x), "y", number(y))
}

// useSmall draws a shape at three quarters of its size.
func (c *canvas) useSmall(shape string, x, y float64) {
	c.element("use", "href", "#"+shape, "transform", "translate("+number(x)+" "+number(y)+")scale(.75)")
}

// text writes a line, x being its left end and y its base line.
func (c *canvas) text(x, y float64, class, s string) { c.write(x, y, class, "", s) }

// textEnd writes a line whose right end is x.
func (c *canvas) textEnd(x, y float64, class, s string) { c.write(x, y, class, "end", s) }

func (c *canvas) write(x, y float64, class, anchor, s string) {
	c.open("text", "x", number(x), "y", number(y), "class", class, "text-anchor", anchor)
	c.WriteString(">")
	c.escape(s)
	c.WriteString("</text>\n")
}

// foreign writes a line that others chose, as much of it as fits a width. What fonts
// may draw larger than expected is cut off at the edges of the line.
func (c *canvas) foreign(x, y, width float64, f font, class, s string) {
	s = f.fit(cmp.Or(s, `""`), width)
	if !wild(s) {
		c.text(x, y, class, s)
		return
	}
	above, below := f.size, 0.35*f.size
	c.open("svg", "x", number(x), "y", number(y-above), "width", number(width), "height", number(above+below))
	c.WriteString(">")
	c.text(0, above, class, s)
	c.WriteString("</svg>\n")
}
