package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/vpd"
)

// What is done once needs snapshots that are whole, and waits for them.

// serialPatience is how long a serial number is waited for: until VPD that hangs is given up.
const serialPatience = vpd.Deadline + time.Second

// MissingError tells what was waited for in vain.
type MissingError struct {
	// What is missing, and why.
	What string
}

// Error is to be read after the time that was waited.
func (e *MissingError) Error() string { return "still waiting: " + e.What }

// Within runs a step with the snapshots being kept up to date, and ends those before
// it returns. What the step waited for in vain is told with the time that it had.
func (a *Agent) Within(ctx context.Context, timeout time.Duration, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	group, watching := errgroup.WithContext(ctx)
	a.Watch(watching, group)
	err := step(watching)
	cancel()
	if _, missing := errors.AsType[*MissingError](err); missing {
		err = fmt.Errorf("after %s %w", timeout, err)
	}
	return errors.Join(err, group.Wait())
}

// Await waits until none of these says that something is missing. What is missing
// when the context's time runs out is the error, a *MissingError.
func (a *Agent) Await(ctx context.Context, missing ...func() string) error {
	for {
		what := ""
		for _, m := range missing {
			if what = m(); what != "" {
				break
			}
		}
		if what == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return &MissingError{What: what}
			}
			return context.Cause(ctx)
		case <-a.Changed:
		}
	}
}

// Settle waits for the local database, finds out who we are, and takes that on once claim,
// if there is one, has made the bridge ours; then it waits until the switch shows that bridge.
// It is an error if nothing names a bridge.
func (a *Agent) Settle(ctx context.Context, claim func(bridge string) error) error {
	var id config.Identity
	missing := func() string {
		if v := a.Local.View(); !v.Complete || id.Bridge != "" && v.Bridge != id.Bridge {
			return "the local database: " + v.Problem
		}
		return ""
	}
	if err := a.Await(ctx, missing); err != nil {
		return err
	}
	local := a.Local.View()
	id, _ = a.Identify(local)
	if id.Bridge == "" {
		return errors.New(strings.Join(id.Problems, "; "))
	}
	if claim != nil {
		if err := claim(id.Bridge); err != nil {
			return err
		}
	}
	a.Become(id)
	a.Configure(id, local.SSL)
	return a.Await(ctx, missing)
}

// MissingCard says what is missing of the card, empty if nothing is.
func (a *Agent) MissingCard() string {
	if whole, problem := a.Devices.Index().Complete(); !whole {
		return "the card: " + problem
	}
	return ""
}

// MissingSouthbound says what is missing of the Southbound, empty if nothing is.
func (a *Agent) MissingSouthbound() string {
	if v := a.Southbound.View(); !v.Complete || !v.Connected {
		return "the Southbound: " + v.Problem
	}
	return ""
}

// SerialsTold waits until the cards that serve a host, which are asked once the ports are known, have told
// their serial numbers, or why they have none. A card that doesn't tell in time is no error.
func (a *Agent) SerialsTold(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, serialPatience)
	defer cancel()
	err := a.Await(bounded, func() string {
		for _, c := range a.Registrar.Report().Cards {
			if c.HostFacing && c.Serial == "" && c.Reason.Code == register.CodeWaiting {
				return fmt.Sprint("the card: ", c.Reason.Message)
			}
		}
		return ""
	})
	if ctx.Err() == nil {
		return nil
	}
	return err
}
