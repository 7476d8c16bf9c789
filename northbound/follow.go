package northbound

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/representord/representord/profile"
	"github.com/representord/representord/representor"
)

// again is how soon a Southbound that was lost is tried again.
const again = time.Second

// NotPluggedError tells that a port that was bound isn't plugged yet.
type NotPluggedError struct {
	Port string
	// Why says what is missing, as far as the Southbound knows.
	Why string
	// Told: Why was the last thing that Await's progress was told.
	Told bool
	Err  error
}

// Error says what is missing, unless that was told already.
func (e *NotPluggedError) Error() string {
	if e.Told {
		return fmt.Sprintf("logical port %s is bound, and not plugged in time", shown(e.Port))
	}
	return fmt.Sprintf("logical port %s is bound, and not plugged yet: %s", shown(e.Port), e.Why)
}

// Unwrap gives what ended the wait.
func (e *NotPluggedError) Unwrap() error { return e.Err }

// Target is what a port was bound to.
type Target struct {
	Port    string
	Profile *profile.Profile
	// Chassis is the DPU as it was chosen; its row may be another one since.
	Chassis Chassis
}

// Missing says what is still missing until the chassis has the port plugged and its
// flows installed, as far as the Southbound tells; empty for nothing. It is a pure
// function. What happens on the DPU before ovn-controller claims the port isn't
// known there.
func (t *Target) Missing(all []Chassis, b *Binding) string {
	i := slices.IndexFunc(all, func(c Chassis) bool { return c.Name == t.Chassis.Name })
	onDPU := "run on " + shown(t.Chassis.Hostname) + ": representorctl explain " + representor.Shell(t.Port)
	switch {
	case b == nil:
		return "the Southbound has no Port_Binding of that name yet: is ovn-northd running, and is the port on a logical switch?"
	case b.Options[OptionType] != plugType || b.Options[OptionPFMAC] != t.Profile.PFMAC || b.Options[OptionVFNum] != strconv.Itoa(t.Profile.VFNum):
		return "ovn-northd has not copied the options to the Port_Binding yet, or somebody changed them since"
	case i < 0:
		return fmt.Sprintf("chassis %s has no row in the Southbound any more: is ovn-controller running there?", shown(t.Chassis.Name))
	case !slices.Contains(all[i].serials(), t.Profile.Serial):
		return fmt.Sprintf("chassis %s lacks card serial number %s by now: see representorctl serial there", shown(t.Chassis.Name), shown(t.Profile.Serial))
	case b.RequestedChassis == "":
		return fmt.Sprintf("ovn-northd found no chassis for requested-chassis=%s", t.Chassis.Hostname)
	case b.RequestedChassis != all[i].UUID:
		return fmt.Sprintf("the Port_Binding asks for another chassis than %s", shown(t.Chassis.Name))
	case b.Chassis == "":
		return "no chassis has claimed the port: the representor isn't plugged yet, or ovn-controller has not seen it; " + onDPU
	case b.Chassis != all[i].UUID:
		return fmt.Sprintf("another chassis than %s has the port still", shown(t.Chassis.Name))
	case !b.Up:
		return "ovn-controller has claimed the port and is installing its flows; " + onDPU
	}
	return ""
}

// Await waits until the port is plugged, connecting again when the Southbound is lost.
// progress is told what is missing whenever that changes. An error is a
// *NotPluggedError, when ctx ended.
func Await(ctx context.Context, s Servers, t *Target, progress func(missing string)) error {
	said := ""
	tell := func(missing string) {
		if missing != said {
			said = missing
			progress(missing)
		}
	}
	for {
		err := follow(ctx, s, t, tell)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			if said == "" {
				return &NotPluggedError{Port: t.Port, Why: err.Error(), Err: context.Cause(ctx)}
			}
			return &NotPluggedError{Port: t.Port, Why: said, Told: true, Err: context.Cause(ctx)}
		}
		tell(err.Error())
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// follow watches one connection until the port is plugged.
func follow(ctx context.Context, s Servers, t *Target, tell func(string)) error {
	south, err := OpenSouthbound(ctx, s, t.Port)
	if err != nil {
		return err
	}
	defer south.Close()
	for {
		missing := t.Missing(south.Chassis(), south.Binding())
		if missing == "" {
			return nil
		}
		tell(missing)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-south.conn.Done():
			return &UnreachableError{Database: southbound, Err: south.conn.Err()}
		case <-south.poke:
		}
	}
}
