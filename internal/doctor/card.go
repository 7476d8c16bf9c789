package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

const (
	seeKernel   = "see what the kernel says of the ports: `devlink port show; dmesg | tail -n 50`"
	leaveLoaded = seeKernel + " A firmware that resets answers again after a minute. Leave the driver loaded: to load it anew cuts what " +
		"goes through the card"
)

func (p *patient) devlink() Check {
	c := Check{Name: "devlink", Verdict: OK,
		Finding: fmt.Sprintf("%d of %d devlink ports are representors", len(p.index.All()), len(p.Card.Ports))}
	complete, problem := p.index.Complete()
	switch {
	case p.CardErr != nil:
		// The card's own words are for operators; the error has the system calls'.
		c.Verdict, c.Finding = Fail, cmp.Or(problem, p.CardErr.Error())
		c.Remedy = leaveLoaded
		if errors.Is(p.CardErr, fs.ErrNotExist) {
			c.Remedy = "run this on the DPU, not on its host, and with the kernel of its vendor; this must list the card: `devlink dev show`"
		}
	case !complete:
		c.Verdict, c.Finding = Fail, "not all ports could be read: "+problem
		c.Remedy = leaveLoaded
	case len(p.Card.Ports) == 0 && p.legacy():
		c.Verdict, c.Finding, c.Remedy = Fail, "there is no port, as no eswitch is in mode switchdev", switchdev(p.modes().other)
	case len(p.Card.Ports) == 0:
		c.Verdict, c.Finding = Fail, "there is devlink, and no port: is this the DPU?"
		c.Remedy = "run this on the DPU, not on its host; there load the card's driver, for a BlueField: `modprobe mlx5_core` Then this must " +
			"list ports: `devlink port show`"
	case problem != "":
		c.Verdict, c.Finding, c.Remedy = Warn, problem, seeKernel
	case p.index.Unlisted() != "":
		c.Verdict, c.Finding, c.Remedy = Warn, p.index.Unlisted(), seeKernel
	}
	return c
}

// hostPFs are the PFs that a request may name.
func (p *patient) hostPFs() []representor.Candidate {
	return slices.DeleteFunc(p.index.Candidates(representor.Query{Kind: representor.PF}), func(c representor.Candidate) bool {
		return !c.Function.External && !p.Config.LocalFunctions
	})
}

func (p *patient) functions() Check {
	c := Check{Name: "host-functions", Verdict: OK}
	var with, unnamed []string
	var without []representor.Function
	for _, pf := range p.hostPFs() {
		if pf.MAC.IsZero() {
			without, unnamed = append(without, pf.Function), append(unnamed, pf.Function.String())
		} else {
			with = append(with, fmt.Sprintf("%s %s", pf.Function, pf.MAC))
		}
	}
	switch {
	case p.CardErr != nil:
		c.Verdict, c.Finding = Unknown, "the card can't be read"
	case len(with)+len(without) == 0 && p.legacy():
		c.Verdict, c.Finding, c.Remedy = Fail, "no PF of a host is there, as no eswitch is in mode switchdev", switchdev(p.modes().other)
	case len(with)+len(without) == 0:
		c.Verdict, c.Finding = Fail, "no PF of a host is there: this card shows functions of this machine alone, or none"
		c.Remedy = "set the card to DPU mode (embedded CPU function owner), and its eswitch to switchdev; then this must list ports of " +
			"flavour pcipf: `devlink port show` " +
			"For a NIC that is its own host: local-functions: true in /etc/representord/representord.yaml"
	case len(without) > 0:
		c.Verdict, c.Finding = Fail, "the MAC is not known of "+strings.Join(unnamed, ", ")+", by which requests name a PF"
		c.Remedy = p.tellMACs(without)
	default:
		c.Finding = strings.Join(with, ", ")
	}
	return c
}

// tellMACs is how the MACs of PFs become known: that of one with a port can be set there, that
// of this machine's own is its uplink's.
func (p *patient) tellMACs(without []representor.Function) string {
	var remedies []string
	add := func(remedy string) {
		if !slices.Contains(remedies, remedy) {
			remedies = append(remedies, remedy)
		}
	}
	for _, function := range without {
		if r, ok := p.index.ByFunction(function); ok {
			add(fmt.Sprintf("give it the MAC that the PF has on the host: `devlink port function set %s/%d hw_addr MAC`",
				reason.Shell(r.Function.Handle.String()), r.PortIndex))
			continue
		}
		add(explain.TellMAC(function))
	}
	return strings.Join(remedies, " ")
}

func (p *patient) macs() Check {
	c := Check{Name: "duplicate-macs", Verdict: OK, Finding: "each PF has a MAC of its own"}
	owners := map[representor.MAC][]string{}
	for _, pf := range p.hostPFs() {
		if !pf.MAC.IsZero() {
			owners[pf.MAC] = append(owners[pf.MAC], pf.Function.String())
		}
	}
	var twins []string
	for mac, functions := range owners {
		if len(functions) > 1 {
			twins = append(twins, fmt.Sprintf("%s is that of %s", mac, strings.Join(functions, " and ")))
		}
	}
	if len(owners) == 0 {
		c.Verdict, c.Finding = Unknown, "no PF of a host is there whose MAC is known"
	}
	if len(twins) > 0 {
		slices.Sort(twins)
		c.Verdict, c.Finding = Fail, strings.Join(twins, "; ")+"; nothing is plugged by a MAC that several PFs have"
		c.Remedy = "give each a MAC of its own: `devlink port function set DEVICE/INDEX hw_addr MAC` or tell them apart by the port option " +
			"vif-plug:representor:controller"
	}
	if p.CardErr != nil {
		c.Verdict, c.Finding = Unknown, "the card can't be read"
	}
	return c
}

// cardSerials are the serial numbers of cards that serve a host, each once, as they
// are to be published; bad are those that can't be.
func (p *patient) cardSerials() (good, bad []string) {
	done := map[devlink.Handle]bool{}
	for _, pf := range p.hostPFs() {
		h := pf.Function.Handle
		if done[h] {
			continue
		}
		done[h] = true
		if pf.CardSerial == "" {
			bad = append(bad, h.String()+" tells none, or has not answered")
			continue
		}
		if s, err := cardserial.Normalize(pf.CardSerial); err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", h, err))
		} else if !slices.Contains(good, s) {
			good = append(good, s)
		}
	}
	slices.Sort(good)
	return good, bad
}

func (p *patient) serial() Check {
	c := Check{Name: "serial", Verdict: OK}
	good, bad := p.cardSerials()
	switch {
	case p.CardErr != nil || len(good)+len(bad) == 0:
		c.Verdict, c.Finding = Unknown, "no card that serves a host can be read"
	case len(bad) > 0:
		c.Verdict, c.Finding = Warn, "a board serial number is missing: "+strings.Join(bad, "; ")+"; Neutron can't find this chassis by it"
		c.Remedy = "this must show a board.serial_number, or root be able to read the device's vpd in sysfs: `devlink dev info` Otherwise set " +
			"requested-chassis by hand"
	default:
		c.Finding = strings.Join(good, ", ")
	}
	return c
}
