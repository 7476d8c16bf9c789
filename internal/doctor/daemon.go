package doctor

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
)

const (
	// expiryWarning is how long before its end a certificate is warned of.
	expiryWarning = 30 * 24 * time.Hour
	// noClock is what a clock shows at most that was never set: DPUs often have no
	// battery for it.
	noClock = 2025
)

func (p *patient) configuration() Check {
	c := Check{Name: "configuration", Verdict: OK, Finding: "every setting is understood"}
	if p.ConfigErr != nil {
		c.Verdict, c.Finding = Fail, reason.OneLine(p.ConfigErr)
		c.Remedy = "correct the file or the variable it names; representord ends at once with such a configuration"
	} else if len(p.Config.Warnings) > 0 {
		c.Verdict, c.Finding = Warn, strings.Join(p.Config.Warnings, "; ")
		c.Remedy = "set what was meant, or unset it, here and where representord is started"
	}
	return c
}

func (p *patient) daemon() Check {
	c := Check{Name: "daemon", Verdict: OK}
	switch s := p.Daemon; {
	case s == nil && errors.Is(p.DaemonErr, os.ErrPermission):
		c.Verdict, c.Finding = Unknown, fmt.Sprintf("the daemon may not be asked: %v", p.DaemonErr)
		c.Remedy = "run this as root, or as a member of the group that control-group names"
	case s == nil && p.hangs():
		c.Verdict, c.Finding = Fail, p.DaemonErr.Error()
		c.Remedy = "restart it, ports stay plugged; and see its log: `systemctl restart representord; journalctl -u representord`"
	case s == nil:
		c.Verdict, c.Finding = Fail, fmt.Sprintf("no daemon answers: %v", p.DaemonErr)
		c.Remedy = "start it, and see its log: `systemctl enable --now representord; journalctl -u representord`"
	case s.Role != api.Active:
		c.Verdict, c.Finding = Warn, fmt.Sprintf("it is %s: %s", s.Role, s.RoleReason)
		c.Remedy = "see who has the bridge, or what it waits for: `representorctl status`"
	case s.DryRun:
		c.Verdict, c.Finding = Warn, "it is active, but in a dry run, and plugs nothing"
		c.Remedy = "start it without --dry-run"
	default:
		c.Finding = "it is active, and keeps bridge " + reason.Word(s.Bridge)
	}
	return c
}

// hangs tells that there is a daemon, and that it says nothing.
func (p *patient) hangs() bool {
	unreachable, ok := errors.AsType[*api.UnreachableError](p.DaemonErr)
	return ok && unreachable.Hangs
}

func (p *patient) clock() Check {
	c := Check{Name: "clock", Verdict: OK, Finding: "it shows " + p.Now.UTC().Format(time.RFC3339)}
	switch {
	case p.Now.Year() < noClock:
		c.Verdict = Fail
		c.Finding += ", so it was never set; certificates won't be valid"
	case p.TLS && p.TLSErr == nil && p.Now.Before(p.Own.From):
		c.Verdict = Fail
		c.Finding += ", before our certificate begins to be valid at " + p.Own.From.UTC().Format(time.RFC3339)
	case p.TLS && p.TLSErr == nil && p.Now.Before(p.CA.From):
		c.Verdict = Fail
		c.Finding += ", before the CA certificate begins to be valid at " + p.CA.From.UTC().Format(time.RFC3339)
	}
	if c.Verdict == Fail {
		c.Remedy = "have an NTP service set it; until then, by hand: `date -u -s TIME` A certificate that is truly too new needs its time, or " +
			"to be made anew"
	}
	return c
}

func (p *patient) certificates() Check {
	c := Check{Name: "certificates", Verdict: OK}
	const remedy = "replace the files; they are read again for each connection, and nothing needs to be restarted"
	end := p.Own.Until
	if p.CA.Until.Before(end) {
		end = p.CA.Until
	}
	left := end.Sub(p.Now)
	switch {
	case p.LocalErr != nil && !p.TLS:
		c.Verdict, c.Finding = Unknown, "whether TLS is used can't be known without the local database"
	case !p.TLS:
		c.Finding = "no endpoint needs TLS"
	case errors.Is(p.TLSErr, os.ErrPermission):
		c.Verdict, c.Finding, c.Remedy = Unknown, reason.OneLine(p.TLSErr), "run this as root"
	case p.TLSErr != nil:
		c.Verdict, c.Finding, c.Remedy = Fail, reason.OneLine(p.TLSErr),
			"put the files there; or name others, as for ovn-controller: `ovs-vsctl set-ssl PRIVATE-KEY CERTIFICATE CA-CERT`"
	case left <= 0:
		c.Verdict, c.Finding, c.Remedy = Fail, "they expired at "+end.UTC().Format(time.RFC3339), remedy
	case left < expiryWarning:
		c.Verdict, c.Remedy = Warn, remedy
		c.Finding = fmt.Sprintf("they expire in %d days, at %s", int(left.Hours()/24), end.UTC().Format(time.RFC3339))
	default:
		c.Finding = "they are valid until " + end.UTC().Format(time.RFC3339)
	}
	return c
}

func (p *patient) capabilities() Check {
	c := Check{Name: "capabilities", Verdict: OK}
	switch {
	case p.DaemonNetAdmin == nil:
		c.Verdict, c.Finding = Unknown, "the daemon's capabilities can't be read"
	case *p.DaemonNetAdmin:
		c.Finding = "the daemon has CAP_NET_ADMIN"
	default:
		c.Verdict, c.Finding = Fail, "the daemon lacks CAP_NET_ADMIN, so it can't set links up, and plugged functions have no network"
		c.Remedy = "give the unit User=root and CapabilityBoundingSet=CAP_NET_ADMIN back: `systemctl cat representord`"
	}
	return c
}
