//go:build vm

package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/test/invariants"
)

// retarget has each port ask for the VF after its own.
func (d *disasters) retarget() string {
	a := d.run.asked
	requests, options := map[string]invariants.Request{}, map[string]map[string]string{}
	for lport, r := range a.now() {
		if _, there := a.uuid[lport]; !there || r.Kind != invariants.Asks {
			continue
		}
		r.VF = (r.VF + 1) % d.run.vfs
		o := maps.Clone(a.options[lport])
		o[vfNum] = fmt.Sprint(r.VF)
		requests[lport], options[lport] = r, o
	}
	a.set(requests, options)
	d.run.wait(time.Second)
	return fmt.Sprintf("%d ports ask for the VF after their own", len(requests))
}

// deleteMany deletes ports, one after the other.
func (d *disasters) deleteMany() string {
	a := d.run.asked
	lports := slices.Sorted(maps.Keys(a.uuid))
	if n := len(lports) * 3 / 4; n > 0 {
		lports = lports[:n]
	}
	for _, lport := range lports {
		a.remove(lport)
		d.run.wait(20 * time.Millisecond)
	}
	return fmt.Sprintf("%d ports are deleted, one after the other", len(lports))
}

// giant gives a port an option whose value is a megabyte.
func (d *disasters) giant() string {
	a := d.run.asked
	lports := slices.Sorted(maps.Keys(a.uuid))
	if len(lports) == 0 {
		return "there is no port for an option of a megabyte"
	}
	lport := lports[d.run.draw.IntN(len(lports))]
	request := a.now()[lport]
	o := maps.Clone(a.options[lport])
	key := "note"
	if d.run.draw.IntN(2) == 0 && request.Kind == invariants.Asks {
		key, request = "vif-plug:representor:pf-mac", invariants.Request{Kind: invariants.Invalid}
	}
	o[key] = strings.Repeat("x", 1<<20)
	a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	d.run.wait(time.Second)
	o = maps.Clone(o)
	delete(o, "note") // what is invalid stays
	if key == "note" {
		a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	} else {
		o[key] = "xx"
		a.set(map[string]invariants.Request{lport: request}, map[string]map[string]string{lport: o})
	}
	return fmt.Sprintf("%s's option %s has a megabyte, for a second", lport, key)
}
