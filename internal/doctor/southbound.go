package doctor

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

func (p *patient) southbound(c *diagnose.Check) {
	switch {
	case p.LocalErr != nil:
		c.Unknown("where it is can't be known without the local database")
	case p.ChassisErr != nil:
		c.Fail(reason.OneLine(p.ChassisErr), "see that no firewall is between, that the certificates fit, and, where the server is, that it "+
			"runs and listens there: `ovn-sbctl get-connection`")
	default:
		c.OK(reason.Line(p.Server) + " answers")
	}
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

func (p *patient) registered(c *diagnose.Check) {
	us, _ := p.ours()
	name := reason.Word(p.Identity.Chassis)
	switch {
	case us == nil:
		c.Fail("the Southbound has no Chassis row called "+name, p.byController("registers it"))
	case us.Hostname != p.Identity.Hostname:
		c.Warn(fmt.Sprintf("our Chassis row has the hostname %s, and this machine is %s", reason.Word(us.Hostname),
			reason.Word(p.Identity.Hostname)),
			"ovn-controller reads the name at each change, from external_ids:hostname; see that this says what is meant, and its log: "+
				"`ovs-vsctl get Open_vSwitch . external_ids:hostname; tail -n 50 /var/log/ovn/ovn-controller.log`")
	default:
		c.OK("chassis " + name + " is registered")
	}
}

// twins are other chassis that a request for us may mean as well.
func (p *patient) twins(c *diagnose.Check) {
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
	switch {
	case len(twins) > 0:
		c.Fail(strings.Join(twins, "; ")+"; requests may go there",
			"give each machine a hostname of its own, and delete the row of a chassis that is no more: `ovn-sbctl chassis-del NAME`")
	case len(others) == 0:
		c.OK("there is no other chassis")
	default:
		c.OK(fmt.Sprintf("none of %d other chassis has our hostname or serial number", len(others)))
	}
}

// published compares what ovn-cms-options says with the cards that are here.
func (p *patient) published(c *diagnose.Check) {
	key := config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, cardserial.OptionsKey)
	list := p.Local.ExternalIDs[key]
	good, _ := p.cardSerials()
	have := serialsIn(list)
	us, _ := p.ours()
	idle, remedy := p.publisher("`" + publish(key, list, good) + "`")
	const none = "ovn-cms-options names no card, so neither Neutron nor representorctl bind finds a chassis for it"
	names := "ovn-cms-options names " + strings.Join(have, ", ")
	switch {
	case len(good) == 0:
		c.Unknown("no card's serial number is known, so there is nothing to compare with")
	case len(have) == 0 && p.Config.RegisterCardSerial:
		c.Fail(none+idle, remedy)
	case len(have) == 0:
		c.Warn(none+"; register-card-serial is off", remedy)
	case !slices.Equal(have, good):
		c.Fail(names+", and the cards here are "+strings.Join(good, ", ")+idle, remedy)
	case us != nil && !slices.Equal(serialsIn(us.CMSOptions()), good):
		c.Fail(names+", and our Chassis row has not taken it over",
			"see that ovn-controller runs, and its log: `systemctl status ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log`")
	case us != nil && us.HiddenFromOldNeutron():
		c.OK(names + "; Neutron " + cardserial.OldNeutron + " would not find it: representorctl serial says more")
	default:
		c.OK(names)
	}
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
	entries := slices.DeleteFunc(strings.Split(list, ","), func(e string) bool { return e == "" || strings.HasPrefix(e, cardserial.Entry) })
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
