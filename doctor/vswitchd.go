package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/representord/representord/control"
)

// VSwitchd is what is seen of ovs-vswitchd without asking it for anything. The database
// doesn't tell whether it runs: that keeps what it said last, ofports too.
type VSwitchd struct {
	// PIDFile is where its process id was looked for, empty if the local database isn't
	// a unix socket's.
	PIDFile string
	// PID is what the file says, 0 when it can't be read.
	PID int
	// Beside tells that ovsdb-server has a pidfile in the same place.
	Beside bool
	// Socket is where it listens for ovs-appctl when it has that PID.
	Socket string
	// Err is why the file can't be read or, with a PID, why nobody answers on Socket.
	Err error
}

// vswitchd: without it the kernel goes on with the flows it has, and all that is in
// the databases looks well.
func (p *patient) vswitchd() Check {
	const dark = "; no packet that the kernel has no flow for crosses, and what is plugged now is not opened"
	const start = " (elsewhere than on Debian its unit is openvswitch): `systemctl restart openvswitch-switch`"
	c := Check{Name: "vswitchd", Verdict: Unknown}
	switch v := p.VSwitchd; {
	case v.PIDFile == "":
		c.Finding = "the local database is no unix socket's: can't be told whether ovs-vswitchd runs"
	case errors.Is(v.Err, fs.ErrPermission):
		c.Finding, c.Remedy = fmt.Sprintf("ovs-vswitchd may not be asked: %v", v.Err), "run this as root"
	case v.PID == 0 && errors.Is(v.Err, fs.ErrNotExist) && v.Beside:
		c.Verdict = Fail
		c.Finding = "ovs-vswitchd doesn't run: ovsdb-server has its pidfile there, and ovs-vswitchd, which removes its own when it is stopped, has none" + dark
		c.Remedy = "start it, ports stay plugged" + start
	case v.PID == 0 && errors.Is(v.Err, fs.ErrNotExist):
		c.Finding = "no ovs-vswitchd.pid beside the database's socket: can't be told whether it runs"
		c.Remedy = "see whether it does: `pidof ovs-vswitchd` If not, start it" + start
	case errors.Is(v.Err, syscall.ECONNREFUSED), errors.Is(v.Err, fs.ErrNotExist):
		c.Verdict = Fail
		c.Finding = "ovs-vswitchd doesn't run: nobody listens on " + control.Printable(v.Socket) + dark
		c.Remedy = "start it, ports stay plugged" + start
	case v.Err != nil:
		c.Finding, c.Remedy = fmt.Sprintf("can't be told whether ovs-vswitchd runs: %v", v.Err), "see what it says itself: `ovs-appctl --timeout=5 version`"
	default:
		c.Verdict, c.Finding = OK, fmt.Sprintf("ovs-vswitchd runs: pid %d", v.PID)
	}
	return c
}
