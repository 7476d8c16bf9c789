package doctor

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

func (p *patient) southbound() Check {
	c := Check{Name: "southbound", Verdict: OK, Finding: reason.Line(p.Server) + " answers"}
	switch {
	case p.LocalErr != nil:
		c.Verdict, c.Finding = Unknown, "where it is can't be known without the local database"
	case p.ChassisErr != nil:
		c.Verdict, c.Finding = Fail, reason.OneLine(p.ChassisErr)
		c.Remedy = "see that no firewall is between, that the certificates fit, and, where the server is, that it runs and listens there: " +
			"`ovn-sbctl get-connection`"
	}
	return c
}

// unasked is the check of something in the Southbound while that doesn't answer.
func (p *patient) unasked(name string) (Check, bool) {
	return Check{Name: name, Verdict: Unknown, Finding: "the Southbound doesn't answer"}, p.LocalErr != nil || p.ChassisErr != nil
}

// ours is our row, and the others.
func (p *patient) ours() (us *ovn.Chassis, others []ovn.Chassis) {
	for i := range p.Chassis {
		if p.Chassis[i].Name == p.Identity.Chassis {
			us = &p.Chassis[i]
		} else {
			others = append(others, p.Chassis[i])
		}
	}
	return us, others
}

func (p *patient) registered() Check {
	c, unasked := p.unasked("chassis")
	us, _ := p.ours()
	name := reason.Word(p.Identity.Chassis)
	switch {
	case unasked:
	case us == nil:
		c.Verdict, c.Finding = Fail, "the Southbound has no Chassis row called "+name
		c.Remedy = p.byController("registers it")
	case us.Hostname != p.Identity.Hostname:
		c.Verdict = Warn
		c.Finding = fmt.Sprintf("our Chassis row has the hostname %s, and this machine is %s", reason.Word(us.Hostname),
			reason.Word(p.Identity.Hostname))
		c.Remedy = "ovn-controller reads the name at each change, from external_ids:hostname; see that this says what is meant, and its log: " +
			"`ovs-vsctl get Open_vSwitch . external_ids:hostname; tail -n 50 /var/log/ovn/ovn-controller.log`"
	default:
		c.Verdict, c.Finding = OK, "chassis "+name+" is registered"
	}
	return c
}

// twins are other chassis that a request for us may mean as well.
func (p *patient) twins() Check {
	c, unasked := p.unasked("unique")
	if unasked {
		return c
	}
	_, others := p.ours()
	serials, _ := p.cardSerials()
	var twins []string
	for _, o := range others {
		name := reason.Word(o.Name)
		if o.Hostname != "" && o.Hostname == p.Identity.Hostname || o.Hostname == p.Identity.Chassis || o.Name == p.Identity.Hostname {
			twins = append(twins, "chassis "+name+" has our hostname or name, "+reason.Word(o.Hostname))
		}
		for _, s := range serials {
			if slices.Contains(cardserial.Published(o.CMSOptions()), s) {
				twins = append(twins, "chassis "+name+" has published our card's serial number, "+reason.Word(s))
			}
		}
	}
	c.Verdict, c.Finding = OK, fmt.Sprintf("none of %d other chassis has our hostname or serial number", len(others))
	if len(others) == 0 {
		c.Finding = "there is no other chassis"
	}
	if len(twins) > 0 {
		c.Verdict, c.Finding = Fail, strings.Join(twins, "; ")+"; requests may go there"
		c.Remedy = "give each machine a hostname of its own, and delete the row of a chassis that is no more: `ovn-sbctl chassis-del NAME`"
	}
	return c
}

// published compares what ovn-cms-options says with the cards that are here.
func (p *patient) published() Check {
	c, blind := p.blind("serial-published")
	if blind {
		return c
	}
	list, ours := p.Local.ExternalIDs["ovn-cms-options-"+p.Identity.Chassis]
	key := "ovn-cms-options-" + p.Identity.Chassis
	if !ours {
		key, list = "ovn-cms-options", p.Local.ExternalIDs["ovn-cms-options"]
	}
	good, _ := p.cardSerials()
	have := serialsIn(list)
	us, _ := p.ours()
	idle, remedy := p.publisher("`" + publish(key, list, good) + "`")
	switch {
	case len(good) == 0:
		c.Finding = "no card's serial number is known, so there is nothing to compare with"
	case len(have) == 0:
		c.Verdict, c.Finding = Warn, "ovn-cms-options names no card, so neither Neutron nor representorctl bind finds a chassis for it; "+
			"register-card-serial is off"
		if p.Config.RegisterCardSerial {
			c.Verdict, c.Finding = Fail, "ovn-cms-options names no card, so neither Neutron nor representorctl bind finds a chassis for it"+idle
		}
		c.Remedy = remedy
	case !slices.Equal(have, good):
		c.Verdict = Fail
		c.Finding = fmt.Sprintf("ovn-cms-options names %s, and the cards here are %s", strings.Join(have, ", "), strings.Join(good, ", ")) + idle
		c.Remedy = remedy
	case us != nil && !slices.Equal(serialsIn(us.CMSOptions()), good):
		c.Verdict = Fail
		c.Finding = "ovn-cms-options names " + strings.Join(good, ", ") + ", and our Chassis row has not taken it over"
		c.Remedy = "see that ovn-controller runs, and its log: `systemctl status ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log`"
	default:
		c.Verdict, c.Finding = OK, "ovn-cms-options names "+strings.Join(good, ", ")
		if us != nil && us.HiddenFromOldNeutron() {
			c.Finding += "; Neutron " + cardserial.OldNeutron + " would not find it: representorctl serial says more"
		}
	}
	return c
}

// publisher tells whether the daemon, which publishes the numbers, is idle, and what to do
// where they aren't published.
func (p *patient) publisher(byHand string) (idle, remedy string) {
	if !p.Config.RegisterCardSerial {
		return "", "have representord publish it, with register-card-serial: true, or do it by hand: " + byHand
	}
	if p.Daemon != nil || errors.Is(p.DaemonErr, os.ErrPermission) {
		return "", "see why representord doesn't publish it: `representorctl serial` By hand: " + byHand
	}
	idle = "; the daemon, which publishes it, doesn't run: see daemon above"
	if p.hangs() {
		idle = "; the daemon, which publishes it, doesn't answer: see daemon above"
	}
	return idle, "mend the daemon first, as said above; then this must list the card: `representorctl serial`"
}

// publish is the command that writes the numbers into a list, whose other entries stay.
func publish(key, list string, numbers []string) string {
	var entries []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry != "" && !strings.HasPrefix(entry, cardserial.Entry) {
			entries = append(entries, entry)
		}
	}
	for _, n := range numbers {
		entries = append(entries, cardserial.Entry+n)
	}
	// The double quotes are for the commas, and for what a chassis may be called.
	assignment := fmt.Sprintf(`external_ids:%q=%q`, key, strings.Join(entries, ","))
	if strings.ContainsAny(assignment, "'`\\") || strings.ContainsFunc(assignment, unicode.IsControl) {
		return "ovs-vsctl set Open_vSwitch . external_ids:KEY=LIST"
	}
	return "ovs-vsctl set Open_vSwitch . '" + assignment + "'"
}

// serialsIn are the cards that ovn-cms-options names, sorted.
func serialsIn(list string) []string {
	all := cardserial.Published(list)
	slices.Sort(all)
	return slices.Compact(all)
}
