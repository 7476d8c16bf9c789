package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// The oldest releases that can be relied on. ovn-northd fills requested_chassis, which
// alone leads to a plug, as it is read here, since 22.03; that was built with Open
// vSwitch 2.17.
const (
	oldestOVN = "22.03"
	oldestOVS = "2.17"
)

func (p *patient) versions(c *diagnose.Check) {
	finding := fmt.Sprintf("representorctl %s, kernel %s", p.Version, p.Kernel)
	if p.Daemon != nil {
		finding += ", representord " + p.Daemon.Version
	}
	if p.Daemon != nil && p.Daemon.Version != p.Version {
		c.Warn(finding+": the daemon is another version than what is installed",
			"restart it, during which ports stay: `systemctl restart representord`")
		return
	}
	c.OK(finding)
}

func (p *patient) ovsVersion(c *diagnose.Check) {
	v := p.OVS
	is := fmt.Sprintf("Open vSwitch %s, schema %s", reason.Word(v.OpenVSwitch), reason.Word(v.Schema))
	switch {
	case p.OVSErr != nil:
		c.Unknown(reason.OneLine(p.OVSErr))
	case v.OpenVSwitch == "":
		c.Unknown("the database doesn't tell, as ovs-ctl didn't start Open vSwitch; its schema is " + reason.Word(v.Schema))
	case older(v.OpenVSwitch, oldestOVS):
		c.Warn(is+", which is older than any that was tried ("+oldestOVS+")",
			"update Open vSwitch, in an hour when traffic may stop for some seconds; ports stay while it restarts")
	default:
		c.OK(is)
	}
}

// ovnVersion: only ovn-northd publishes its version. ovn-controller's is in its log.
func (p *patient) ovnVersion(c *diagnose.Check) {
	v := p.OVN
	is := fmt.Sprintf("ovn-northd %s, Southbound schema %s", reason.Word(v.Northd), reason.Word(v.Schema))
	switch {
	case p.OVNErr != nil:
		c.Unknown(reason.OneLine(p.OVNErr))
	case v.Northd == "":
		c.Warn("ovn-northd has never written to this Southbound, schema "+reason.Word(v.Schema)+", so no logical port comes here",
			"where the databases are, start it: `systemctl enable --now ovn-northd`")
	case older(v.Northd, oldestOVN):
		c.Warn(is+"; requested_chassis, which requests are read from, can be relied on since OVN "+oldestOVN, "update OVN")
	case v.NorthdSchema != "" && older(v.Schema, v.NorthdSchema):
		c.Warn(is+", while ovn-northd was built for schema "+reason.Word(v.NorthdSchema)+" and can't write what the older one lacks",
			"where the databases are, convert the Southbound, which ovn-ctl does when it starts the server: "+
				"`systemctl restart ovn-ovsdb-server-sb`")
	default:
		c.OK(is)
	}
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
