package card

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/retry"
)

// serialRetry is how soon devices are asked again that gave no answer yet.
const serialRetry = 10 * time.Second

// cuttingDriver takes board.serial_number from the card's VPD and ends it at the first blank
// (mlx5_devlink_serial_numbers_put in mlx5/core/devlink.c).
const cuttingDriver = "mlx5_core"

// toldSerial is what devlink says of a card's serial number.
type toldSerial struct {
	number string
	// mayBeCut: the driver may have left out what is behind a blank.
	mayBeCut bool
}

// serialStage asks devlink for the serial numbers of the cards. It has a client of its own: a
// device asks its firmware, for long if that hangs, and the ports must not wait.
type serialStage struct {
	source portSource
	opts   Options
	// due is when all must be asked again.
	due retry.Due
}

// read asks devices that are new, and once in a while all of them. A device that
// fails to answer keeps the number it had; one that had none yet, because it is busy
// say, is asked again soon, and its VPD isn't taken for its word meanwhile. One that
// doesn't answer at all keeps the kernel from asking others, so they wait.
func (s *serialStage) read(ctx context.Context, known *state) (found map[devlink.Handle]toldSerial, next time.Duration) {
	all := s.due.Left() == 0
	if all {
		s.due.In(s.opts.Audit)
	}
	found = map[devlink.Handle]toldSerial{}
	silent, soonest := false, s.opts.Audit
	for _, h := range described(known.ports.ports) {
		before, told := known.serials[h]
		if told {
			found[h] = before
		}
		if silent || told && !all {
			continue
		}
		serial, err := readSerial(ctx, s.source, h)
		switch {
		case err == nil:
			found[h] = serial
		case errors.Is(err, netlinkio.ErrStuck), errors.Is(err, context.DeadlineExceeded): // it didn't come back, rather than refuse
			silent, soonest = true, serialRetry
			s.opts.Log.DebugContext(ctx, "a device does not answer", "device", h.String(), "err", err)
		case ctx.Err() != nil:
			return found, 0
		default:
			if !told {
				soonest = serialRetry
			}
			s.opts.Log.DebugContext(ctx, "a device does not describe itself", "device", h.String(), "err", err)
		}
	}
	return found, min(s.due.Left(), soonest)
}

// readSerial asks one device for the serial number of its board, empty where it or its
// driver has none to tell. With any other error it is not known.
func readSerial(ctx context.Context, source portSource, h devlink.Handle) (toldSerial, error) {
	bounded, cancel := context.WithTimeout(ctx, infoBound)
	defer cancel()
	info, err := source.Info(bounded, h)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return toldSerial{}, nil
	}
	if err != nil {
		return toldSerial{}, err
	}
	// Drivers pad it as the card's own memory does.
	told := toldSerial{number: strings.Trim(info.BoardSerialNumber, " \x00")}
	told.mayBeCut = told.number != "" && info.Driver == cuttingDriver
	return told, nil
}

// described lists the instances whose serial number may be asked for: those with
// functions. Each scalable function that the machine itself uses is one more
// instance, without any (bus "auxiliary").
func described(ports []devlink.Port) []devlink.Handle {
	others := func(p devlink.Port) bool { return !isFunction(p.Flavour) }
	return handles(slices.DeleteFunc(slices.Clone(ports), others))
}

// isFunction tells whether a port of this flavour is a function's, which can be plugged.
func isFunction(f devlink.Flavour) bool {
	return f == devlink.FlavourPCIPF || f == devlink.FlavourPCIVF || f == devlink.FlavourPCISF
}
