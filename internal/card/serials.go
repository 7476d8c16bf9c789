package card

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
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

// serialReader reads the serial numbers of the cards. It has a client of its own: a
// device asks its firmware, for long if that hangs, and the ports must not wait.
type serialReader struct {
	source portSource
	audit  time.Duration
	log    *slog.Logger
	// wanted tells what to ask, found is given what was answered.
	wanted func() []devlink.Handle
	found  func(map[devlink.Handle]toldSerial)

	// known are the serial numbers, empty for a device that has none to tell.
	known map[devlink.Handle]toldSerial
	// due is when all must be asked again.
	due time.Time
}

// read asks devices that are new, and once in a while all of them. A device that
// fails to answer keeps the number it had; one that had none yet, because it is busy
// say, is asked again soon, and its VPD isn't taken for its word meanwhile. One that
// doesn't answer at all keeps the kernel from asking others, so they wait.
func (r *serialReader) read(ctx context.Context, _ bool) time.Duration {
	all := !time.Now().Before(r.due)
	if all {
		r.due = time.Now().Add(r.audit)
	}
	wanted := r.wanted()
	next := make(map[devlink.Handle]toldSerial, len(wanted))
	silent, refused := false, false
	for _, h := range wanted {
		before, known := r.known[h]
		if known {
			next[h] = before
		}
		if silent || known && !all {
			continue
		}
		serial, err := readSerial(ctx, r.source, h)
		switch {
		case ctx.Err() != nil:
			return 0
		case err == nil:
			next[h] = serial
		case unanswered(err):
			silent = true
			r.log.DebugContext(ctx, "a device does not answer", "device", h.String(), "err", err)
		default:
			refused = refused || !known
			r.log.DebugContext(ctx, "a device does not describe itself", "device", h.String(), "err", err)
		}
	}
	r.known = next
	r.found(maps.Clone(next))
	wait := max(time.Until(r.due), 0)
	if silent || refused {
		return min(wait, serialRetry)
	}
	return wait
}

// askSerials asks devices once, all of them within the time that one has.
func askSerials(ctx context.Context, source portSource, devices []devlink.Handle, log *slog.Logger) map[devlink.Handle]toldSerial {
	bounded, cancel := context.WithTimeout(ctx, infoBound)
	defer cancel()
	serials := make(map[devlink.Handle]toldSerial, len(devices))
	for _, h := range devices {
		serial, err := readSerial(bounded, source, h)
		if err != nil {
			log.DebugContext(ctx, "a device does not describe itself", "device", h.String(), "err", err)
		}
		if unanswered(err) {
			break
		}
		if err == nil {
			serials[h] = serial
		}
	}
	return serials
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

// unanswered tells whether the kernel didn't come back, rather than refuse.
func unanswered(err error) bool {
	return errors.Is(err, netlinkio.ErrStuck) || errors.Is(err, context.DeadlineExceeded)
}

// described lists the instances whose serial number may be asked for: those with
// functions. Each scalable function that the machine itself uses is one more
// instance, without any (bus "auxiliary").
func described(ports []devlink.Port) []devlink.Handle {
	var functions []devlink.Port
	for i := range ports {
		if isFunction(ports[i].Flavour) {
			functions = append(functions, ports[i])
		}
	}
	return handles(functions)
}

// isFunction tells whether a port of this flavour is a function's, which can be plugged.
func isFunction(f devlink.Flavour) bool {
	return f == devlink.FlavourPCIPF || f == devlink.FlavourPCIVF || f == devlink.FlavourPCISF
}
