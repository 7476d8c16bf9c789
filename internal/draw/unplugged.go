package draw

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

// Up to unpluggedMost ports that need attention are told of one by one, more of them
// by what is wrong with them.
const unpluggedMost = 12

// trouble is what is wrong with some ports, the first of which stands for all.
type trouble struct {
	api.Port
	others []string
}

// troubles puts ports together that have one state and one reason, when they are many.
func troubles(ports []api.Port) []trouble {
	var all []trouble
	at := map[string]int{}
	for i := range ports {
		what := verdict(&ports[i])
		if j, ok := at[what]; ok && len(ports) > unpluggedMost {
			all[j].others = append(all[j].others, ports[i].LogicalPort)
			continue
		}
		at[what] = len(all)
		all = append(all, trouble{Port: ports[i]})
	}
	return all
}

// verdict is a port's state and the code of the reason.
func verdict(p *api.Port) string {
	s := reason.Name(string(p.State))
	if p.Reason != nil {
		s += ": " + reason.Name(string(p.Reason.Code))
	}
	return s
}

// unplugged tells why ports are not plugged, those too whose function isn't there.
func (c *canvas) unplugged(y float64, ports []api.Port) float64 {
	if len(ports) == 0 {
		return y
	}
	y += 8
	c.text(margin, y, "h2", "Not plugged as asked, and why")
	y += 8
	for _, t := range troubles(ports) {
		y = c.why(y, &t)
	}
	return y + sectionGap
}

func (c *canvas) why(y float64, t *trouble) float64 {
	const left, right, middle = margin + 18, pageWidth - margin, margin + 292
	c.path("rule", "M%s %s H%s", margin, y, right)
	y += 14
	c.group(claimTip(&t.Port))
	c.use(look(t.State), margin+6, y-3)
	c.foreign(left, y, middle-left-8, mono(), "mono strong", t.LogicalPort)
	c.text(middle, y, "strong", font{size: 8.5, bold: true}.fit(verdict(&t.Port), 200))
	if of := cmp.Or(t.Function, t.Request); of != "" {
		c.foreign(middle+208, y, right-middle-208, compact(), "compact grey", of)
	}
	c.WriteString("</g>\n")
	if t.Reason != nil {
		for _, line := range prose().wrap(sentence(t.Reason.Message), right-left, 2) {
			y += 11.5
			c.foreign(left, y, right-left, prose(), "grey", line)
		}
	}
	if n := len(t.others); n > 0 {
		y += 11.5
		c.foreign(left, y, right-left, prose(), "", fmt.Sprintf("and %d more like it: ", n)+names(t.others))
	}
	return y + 7
}

// names lists ports, no more than a line may have room for.
func names(all []string) string {
	const most = 40
	var out []string
	for _, s := range all[:min(len(all), most)] {
		out = append(out, sentence(cmp.Or(s, `""`)))
	}
	return strings.Join(out, ", ")
}
