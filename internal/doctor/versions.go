package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// The oldest releases that can be relied on. ovn-northd fills requested_chassis, which
// alone leads to a plug, as it is read here, since 22.03; that was built with Open
// vSwitch 2.17.
const (
	oldestOVN = "22.03"
	oldestOVS = "2.17"
)

func (p *patient) versions() Check {
	c := Check{Name: "versions", Verdict: OK, Finding: fmt.Sprintf("representorctl %s, kernel %s", p.Version, p.Kernel)}
	if p.Daemon == nil {
		return c
	}
	c.Finding += ", representord " + p.Daemon.Version
	if p.Daemon.Version != p.Version {
		c.Verdict = Warn
		c.Finding += ": the daemon is another version than what is installed"
		c.Remedy = "restart it, during which ports stay: `systemctl restart representord`"
	}
	return c
}

func (p *patient) ovsVersion() Check {
	c, blind := p.blind("ovs-version")
	v := p.OVS
	switch {
	case blind:
	case p.OVSErr != nil:
		c.Finding = reason.OneLine(p.OVSErr)
	case v.OpenVSwitch == "":
		c.Finding = "the database doesn't tell, as ovs-ctl didn't start Open vSwitch; its schema is " + reason.Word(v.Schema)
	default:
		c.Verdict, c.Finding = OK, fmt.Sprintf("Open vSwitch %s, schema %s", reason.Word(v.OpenVSwitch), reason.Word(v.Schema))
		if older(v.OpenVSwitch, oldestOVS) {
			c.Verdict = Warn
			c.Finding += ", which is older than any that was tried (" + oldestOVS + ")"
			c.Remedy = "update Open vSwitch, in an hour when traffic may stop for some seconds; ports stay while it restarts"
		}
	}
	return c
}

// ovnVersion: only ovn-northd publishes its version. ovn-controller's is in its log.
func (p *patient) ovnVersion() Check {
	c, unasked := p.unasked("ovn-version")
	v := p.OVN
	switch {
	case unasked:
	case p.OVNErr != nil:
		c.Finding = reason.OneLine(p.OVNErr)
	case v.Northd == "":
		c.Verdict, c.Finding = Warn, "ovn-northd has never written to this Southbound, schema "+reason.Word(v.Schema)+
			", so no logical port comes here"
		c.Remedy = "where the databases are, start it: `systemctl enable --now ovn-northd`"
	default:
		c.Verdict, c.Finding = OK, fmt.Sprintf("ovn-northd %s, Southbound schema %s", reason.Word(v.Northd), reason.Word(v.Schema))
		switch {
		case older(v.Northd, oldestOVN):
			c.Verdict = Warn
			c.Finding += "; requested_chassis, which requests are read from, can be relied on since OVN " + oldestOVN
			c.Remedy = "update OVN"
		case v.NorthdSchema != "" && older(v.Schema, v.NorthdSchema):
			c.Verdict = Warn
			c.Finding += ", while ovn-northd was built for schema " + reason.Word(v.NorthdSchema) + " and can't write what the older one lacks"
			c.Remedy = "where the databases are, convert the Southbound, which ovn-ctl does when it starts the server: " +
				"`systemctl restart ovn-ovsdb-server-sb`"
		}
	}
	return c
}

// older compares releases number by number, up to the first part that is none.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		if errX != nil || errY != nil || x != y {
			return errX == nil && errY == nil && x < y
		}
	}
	return false
}
