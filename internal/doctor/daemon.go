package doctor

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

const (
	// expiryWarning is how long before its end a certificate is warned of.
	expiryWarning = 30 * 24 * time.Hour
	// noClock is what a clock shows at most that was never set: DPUs often have no
	// battery for it.
	noClock = 2025
)

func (p *patient) configuration(c *diagnose.Check) {
	switch {
	case p.ConfigErr != nil:
		c.Fail(reason.OneLine(p.ConfigErr), "correct the file or the variable it names; representord ends at once with such a configuration")
	case len(p.Config.Warnings) > 0:
		c.Warn(strings.Join(p.Config.Warnings, "; "), "set what was meant, or unset it, here and where representord is started")
	default:
		c.OK("every setting is understood")
	}
}

func (p *patient) daemon(c *diagnose.Check) {
	switch s := p.Daemon; {
	case s == nil && errors.Is(p.DaemonErr, os.ErrPermission):
		c.UnknownUntil(fmt.Sprintf("the daemon may not be asked: %v", p.DaemonErr), diagnose.MayAsk)
	case s == nil && p.hangs():
		c.Fail(p.DaemonErr.Error(),
			"restart it, ports stay plugged; and see its log: `systemctl restart representord; journalctl -u representord`")
	case s == nil:
		c.Fail(fmt.Sprintf("no daemon answers: %v", p.DaemonErr),
			"start it, and see its log: `systemctl enable --now representord; journalctl -u representord`")
	case s.Role != api.Active:
		c.Warn(fmt.Sprintf("it is %s: %s", s.Role, s.RoleReason), "see who has the bridge, or what it waits for: `representorctl status`")
	case s.DryRun:
		c.Warn("it is active, but in a dry run, and plugs nothing", "start it without --dry-run")
	default:
		c.OK("it is active, and keeps bridge " + reason.Word(s.Bridge))
	}
}

// hangs tells that there is a daemon, and that it says nothing.
func (p *patient) hangs() bool {
	unreachable, ok := errors.AsType[*api.UnreachableError](p.DaemonErr)
	return ok && unreachable.Hangs
}

func (p *patient) clock(c *diagnose.Check) {
	wrong := ""
	switch {
	case p.Now.Year() < noClock:
		wrong = "so it was never set; certificates won't be valid"
	case p.TLS && p.TLSErr == nil && p.Now.Before(p.Own.From):
		wrong = "before our certificate begins to be valid at " + p.Own.From.UTC().Format(time.RFC3339)
	case p.TLS && p.TLSErr == nil && p.Now.Before(p.CA.From):
		wrong = "before the CA certificate begins to be valid at " + p.CA.From.UTC().Format(time.RFC3339)
	}
	shows := "it shows " + p.Now.UTC().Format(time.RFC3339)
	if wrong == "" {
		c.OK(shows)
		return
	}
	c.Fail(shows+", "+wrong, "have an NTP service set it; until then, by hand: `date -u -s TIME` A certificate that is truly too new needs "+
		"its time, or to be made anew")
}

func (p *patient) certificates(c *diagnose.Check) {
	const remedy = "replace the files; they are read again for each connection, and nothing needs to be restarted"
	end := slices.MinFunc([]time.Time{p.Own.Until, p.CA.Until}, time.Time.Compare)
	left, at := end.Sub(p.Now), end.UTC().Format(time.RFC3339)
	switch {
	case p.LocalErr != nil && !p.TLS:
		c.Unknown("whether TLS is used can't be known without the local database")
	case !p.TLS:
		c.OK("no endpoint needs TLS")
	case errors.Is(p.TLSErr, os.ErrPermission):
		c.UnknownUntil(reason.OneLine(p.TLSErr), diagnose.RunAsRoot)
	case p.TLSErr != nil:
		c.Fail(reason.OneLine(p.TLSErr),
			"put the files there; or name others, as for ovn-controller: `ovs-vsctl set-ssl PRIVATE-KEY CERTIFICATE CA-CERT`")
	case left <= 0:
		c.Fail("they expired at "+at, remedy)
	case left < expiryWarning:
		c.Warn(fmt.Sprintf("they expire in %d days, at %s", int(left.Hours()/24), at), remedy)
	default:
		c.OK("they are valid until " + at)
	}
}

func (p *patient) capabilities(c *diagnose.Check) {
	switch {
	case p.DaemonNetAdmin == nil:
		c.Unknown("the daemon's capabilities can't be read")
	case *p.DaemonNetAdmin:
		c.OK("the daemon has CAP_NET_ADMIN")
	default:
		c.Fail("the daemon lacks CAP_NET_ADMIN, so it can't set links up, and plugged functions have no network",
			diagnose.GiveCapability+": `systemctl cat representord`")
	}
}

// ports counts those that aren't plugged. Each has a reason of its own, which may be no fault
// of this machine's.
func (p *patient) ports(c *diagnose.Check) {
	if p.Daemon == nil {
		c.Unknown("no daemon answers, so nobody knows what is asked of this chassis")
		return
	}
	plugged := p.Daemon.Ports[plan.Plugged]
	var others []string
	for _, state := range []plan.State{plan.Pending, plan.Conflict, plan.Held, plan.Invalid} {
		if n := p.Daemon.Ports[state]; n > 0 {
			others = append(others, fmt.Sprintf("%d %s", n, state))
		}
	}
	switch {
	case len(others) > 0:
		c.Warn(fmt.Sprintf("%d plugged, %s", plugged, strings.Join(others, ", ")),
			"see why, and what mends it: `representorctl ports` `representorctl explain PORT`")
	case plugged == 0:
		c.OK("nothing is asked of this chassis")
	default:
		c.OK(fmt.Sprintf("all %d are plugged", plugged))
	}
}
