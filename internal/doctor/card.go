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
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func (p *patient) devlink(c *diagnose.Check) {
	complete, problem := p.index.Complete()
	switch {
	case errors.Is(p.CardErr, fs.ErrNotExist):
		// The card's own words are for operators; the error has the system calls'.
		c.Fail(cmp.Or(problem, p.CardErr.Error()),
			"run this on the DPU, not on its host, and with the kernel of its vendor; this must list the card: `devlink dev show`")
	case p.CardErr != nil:
		c.Fail(cmp.Or(problem, p.CardErr.Error()), diagnose.LeaveLoaded)
	case !complete:
		c.Fail("not all ports could be read: "+problem, diagnose.LeaveLoaded)
	case len(p.Card.Ports) == 0 && p.legacy():
		c.Fail("there is no port, as no eswitch is in mode switchdev", diagnose.Switchdev(p.modes().other...))
	case len(p.Card.Ports) == 0:
		c.Fail("there is devlink, and no port: is this the DPU?",
			"run this on the DPU, not on its host; there load the card's driver, for a BlueField: `modprobe mlx5_core` Then this must "+
				"list ports: `devlink port show`")
	case cmp.Or(problem, p.index.Unlisted()) != "":
		c.Warn(cmp.Or(problem, p.index.Unlisted()), diagnose.SeeKernel)
	default:
		c.OK(fmt.Sprintf("%d of %d devlink ports are representors", len(p.index.All()), len(p.Card.Ports)))
	}
}

// hostPFs are the PFs that a request may name.
func (p *patient) hostPFs() []representor.Candidate {
	return slices.DeleteFunc(p.index.Candidates(representor.Query{Kind: representor.PF}), func(c representor.Candidate) bool {
		return !c.Function.External && !p.Config.LocalFunctions
	})
}

func (p *patient) functions(c *diagnose.Check) {
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
	case len(with)+len(without) == 0 && p.legacy():
		c.Fail("no PF of a host is there, as no eswitch is in mode switchdev", diagnose.Switchdev(p.modes().other...))
	case len(with)+len(without) == 0:
		c.Fail("no PF of a host is there: this card shows functions of this machine alone, or none", diagnose.ShowHosts)
	case len(without) > 0:
		c.Fail("the MAC is not known of "+strings.Join(unnamed, ", ")+", by which requests name a PF", diagnose.TellMACs(p.index, without))
	default:
		c.OK(strings.Join(with, ", "))
	}
}

func (p *patient) macs(c *diagnose.Check) {
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
	slices.Sort(twins)
	switch {
	case len(owners) == 0:
		c.Unknown("no PF of a host is there whose MAC is known")
	case len(twins) > 0:
		c.Fail(strings.Join(twins, "; ")+"; nothing is plugged by a MAC that several PFs have",
			diagnose.Names{}.Remedy(reason.CodePFAmbiguous))
	default:
		c.OK("each PF has a MAC of its own")
	}
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

func (p *patient) serial(c *diagnose.Check) {
	good, bad := p.cardSerials()
	switch {
	case p.CardErr != nil || len(good)+len(bad) == 0:
		c.Unknown("no card that serves a host can be read")
	case len(bad) > 0:
		c.Warn("a board serial number is missing: "+strings.Join(bad, "; ")+"; Neutron can't find this chassis by it",
			"this must show a board.serial_number, or root be able to read the device's vpd in sysfs: `devlink dev info` Otherwise set "+
				option.Chassis+" by hand")
	default:
		c.OK(strings.Join(good, ", "))
	}
}
