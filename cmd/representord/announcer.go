package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// How long ovs-vswitchd, which waits for our READY=1, is kept waiting for a
// comparison of the bridge with the card that can't be made.
const (
	// cardPatience is for a card that can't be read, once the local database was.
	cardPatience = 5 * time.Second
	// startPatience is for everything together; many rows on slow processors need some of it.
	startPatience = 20 * time.Second
)

// How often the announcer looks: until READY=1, and after that for the STATUS= line.
const (
	startingPoll = 50 * time.Millisecond
	statusPoll   = time.Second
)

// announcer tells the service manager how we are, as sd_notify(3) describes.
type announcer struct {
	facts func() api.Facts
	// compared is closed when the bridge was compared with the card.
	compared <-chan struct{}
	// nudge makes the keeper go round, which beats count, and the reconciler make a pass.
	nudge func()
	beats func() uint64
	// send hands a message to the service manager.
	send func(message string)
	log  *slog.Logger
	// watchdog is how often the service manager must hear from us, 0 for never.
	watchdog time.Duration

	local  time.Time // when the local database was first seen whole
	ready  bool
	status string

	// then is how it was at the last ping.
	then struct {
		at     time.Time
		beats  uint64
		passes uint64
		active bool
	}
}

// notifySystemd hands a message to the service manager that started us, if any.
func notifySystemd(log *slog.Logger) func(string) {
	return func(message string) {
		if _, err := daemon.SdNotify(false, message); err != nil {
			log.Debug("the service manager can't be told", "message", message, "error", err)
		}
	}
}

// run announces until the context is done, and returns nil then.
func (a *announcer) run(ctx context.Context) error {
	retry.Loop(ctx, nil, func() time.Duration {
		a.look(time.Now())
		if a.ready {
			return statusPoll
		}
		return startingPoll
	})
	a.send(daemon.SdNotifyStopping)
	return nil
}

func (a *announcer) look(now time.Time) {
	f := a.facts()
	if line := statusLine(f); line != a.status {
		a.status = line
		a.send("STATUS=" + line)
	}
	if f.Local.Complete && a.local.IsZero() {
		a.local = now
	}
	if !a.ready && a.mayStart(now, f) {
		a.ready = true
		a.send(daemon.SdNotifyReady)
	}
	if a.ready && a.watchdog > 0 {
		a.ping(now, f)
	}
}

// mayStart decides whether ovs-vswitchd needs to wait no longer.
func (a *announcer) mayStart(now time.Time, f api.Facts) bool {
	select {
	case <-a.compared:
		return true
	default:
	}
	whole, _ := f.Index.Complete()
	var patience time.Duration
	switch {
	case f.Role == api.Standby:
		return true // who has the bridge looks after it
	case !whole && !a.local.IsZero() && now.Sub(a.local) >= cardPatience:
		patience = cardPatience
	case now.Sub(f.Started) >= startPatience:
		patience = startPatience
	default:
		return false
	}
	a.log.Error("starting although the bridge was not compared with the card", "after", patience, "why", a.status)
	return true
}

// ping tells the watchdog that we are alive if we are: since the last ping the
// keeper went round, and while it has the bridge a pass was made. Both are
// nudged at each ping, so both have something to do.
func (a *announcer) ping(now time.Time, f api.Facts) {
	if !a.then.at.IsZero() && now.Sub(a.then.at) < a.watchdog/4 {
		return
	}
	beats, passes, active := a.beats(), f.Report.Passes, f.Role == api.Active
	alive := beats != a.then.beats && (!active || !a.then.active || passes != a.then.passes)
	a.nudge()
	if !alive && !a.then.at.IsZero() {
		return
	}
	a.send(daemon.SdNotifyWatchdog)
	a.then.at, a.then.beats, a.then.passes, a.then.active = now, beats, passes, active
}

// statusLine says in one line how we are.
func statusLine(f api.Facts) string {
	var parts []string
	switch f.Role {
	case api.Starting:
		parts = append(parts, "waiting: "+f.RoleReason)
	case api.Standby:
		parts = append(parts, "standing by: "+f.RoleReason)
	case api.Active, api.Offline:
		if f.DryRun {
			parts = append(parts, "dry run")
		}
		parts = slices.Concat(parts, aboutPorts(f.Report), sources(f))
	}
	return oneLine(strings.Join(parts, "; "))
}

// sources says how the three things that are watched are.
func sources(f api.Facts) []string {
	var parts []string
	switch {
	case !f.Local.Complete:
		parts = append(parts, "local database not connected: "+f.Local.Problem)
	case f.Local.BridgeUUID == "":
		parts = append(parts, "bridge "+reason.Word(f.Bridge)+" doesn't exist")
	}
	if whole, problem := f.Index.Complete(); !whole {
		parts = append(parts, "card not read: "+problem)
	}
	switch sb := f.Southbound; {
	case sb.Connected && sb.Complete && !sb.ChassisKnown:
		parts = append(parts, "southbound connected to "+sb.Endpoint+", without a Chassis row of ours")
	case sb.Connected && sb.Complete:
		parts = append(parts, "southbound connected to "+sb.Endpoint)
	default:
		parts = append(parts, "southbound not connected: "+sb.Problem)
	}
	return parts
}

// aboutPorts says how the ports are: what is held comes first.
func aboutPorts(r plug.Report) []string {
	var parts []string
	for _, h := range r.Holds {
		parts = append(parts, fmt.Sprintf("HELD (%s): %d ports stay until %s or representorctl release-hold",
			h.Code, len(h.Ports), h.Until.UTC().Format("15:04:05 MST")))
	}
	parts = append(parts, countPorts(r.Ports))
	if n := len(r.BuiltIn); n > 0 {
		parts = append(parts, fmt.Sprintf("rows of a plug provider built into ovn-controller: %d", n))
	}
	return parts
}

// countPorts counts ports by state, states without any left out.
func countPorts(ports []plug.Port) string {
	count := map[plan.State]int{}
	for i := range ports {
		count[ports[i].State]++
	}
	var parts []string
	for _, state := range []plan.State{plan.Plugged, plan.Pending, plan.Conflict, plan.Held, plan.Invalid} {
		if count[state] > 0 || state == plan.Plugged {
			parts = append(parts, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	return strings.Join(parts, ", ")
}

// oneLine makes a text fit for STATUS=: one line, bounded.
func oneLine(s string) string { return reason.Prose(strings.ReplaceAll(s, "\n", " ")) }
