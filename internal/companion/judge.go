package companion

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"
)

// evidence is all that one look saw.
type evidence struct {
	search   Search
	asked    []answer // in the order of candidates
	pidfile  pidfile
	running  []process
	whole    bool // a process that isn't running is none
	patience time.Duration
}

// judge says what follows. Gone needs proof: a pidfile that nobody holds any more, a socket
// that nobody listens on, or a look at all processes there are; and nothing that speaks
// for its life.
func (e *evidence) judge() Sight {
	v := Sight{Name: e.search.Name, State: Unknown}
	if a := e.first(func(a answer) bool { return a.version != "" }); a != nil {
		v.State, v.Socket, v.Version, v.PID = Answers, a.socket, a.version, cmp.Or(a.pid, e.pidfile.holder)
		return v
	}
	if a := e.first(func(a answer) bool { return a.silent }); a != nil {
		v.State, v.Socket, v.PID = Silent, a.socket, cmp.Or(a.pid, e.pidfile.holder)
		v.Why = fmt.Sprintf("no answer within %s on %s", e.patience, a.socket)
		switch e.search.state(v.PID) {
		case stateStopped:
			v.Stopped = true
			v.Why += fmt.Sprintf(": a signal has stopped its process, %d", v.PID)
		case stateTraced:
			v.Why += fmt.Sprintf(": a debugger holds its process, %d", v.PID)
		case stateStuck:
			v.Why += fmt.Sprintf(": its process, %d, waits for something in the kernel", v.PID)
		}
		return v
	}
	if a := e.first(func(a answer) bool { return errors.Is(a.err, fs.ErrPermission) }); a != nil {
		v.Forbidden, v.Socket, v.Why = true, a.socket, "it may not be asked: "+a.err.Error()
		return v
	}
	e.absent(&v)
	return v
}

// absent judges where no socket was found on which it answers, or could.
func (e *evidence) absent(v *Sight) {
	refused := e.first(func(a answer) bool { return errors.Is(a.err, syscall.ECONNREFUSED) })
	odd := e.first(func(a answer) bool {
		return a.err != nil && !errors.Is(a.err, fs.ErrNotExist) && !errors.Is(a.err, syscall.ECONNREFUSED)
	})
	running := e.running
	if e.pidfile.err == nil && !e.pidfile.held { // one of which nobody knows whose it is proves nothing against that
		running = slices.DeleteFunc(slices.Clone(running), func(p process) bool { return p.stuck })
	}
	switch {
	case odd != nil:
		v.Socket, v.Why = odd.socket, fmt.Sprintf("%s gives no answer that is understood: %v", odd.socket, odd.err)
	case len(running) > 0:
		v.PID = running[0].pid
		v.Why = fmt.Sprintf("it runs, pid %d, and where it can be asked isn't known: no socket of its is in %s, or where its --unixctl names one",
			v.PID, e.places())
	case e.pidfile.held:
		v.PID = e.pidfile.holder
		v.Why = fmt.Sprintf("it runs, as it holds %s, and where it can be asked isn't known: no socket of its is in %s",
			e.pidfile.path, e.places())
	case e.pidfile.err == nil:
		v.State, v.Why = Gone, fmt.Sprintf("the process that wrote %s has ended", e.pidfile.path)
		if refused != nil {
			v.Socket = refused.socket
			v.Why += ", and nobody listens on " + refused.socket
		}
	case !errors.Is(e.pidfile.err, fs.ErrNotExist):
		v.Forbidden, v.Why = errors.Is(e.pidfile.err, fs.ErrPermission), e.pidfile.err.Error()
	case refused != nil:
		v.State, v.Socket, v.Why = Gone, refused.socket, "nobody listens on "+refused.socket
	case e.whole:
		v.State, v.Why = Gone, "no process is called so"
	default:
		v.traceless, v.Why = true, "neither a pidfile nor a control socket of its is in "+e.places()
	}
}

// first is the first answer of a kind, nil for none.
func (e *evidence) first(is func(answer) bool) *answer {
	if i := slices.IndexFunc(e.asked, is); i >= 0 {
		return &e.asked[i]
	}
	return nil
}

func (e *evidence) places() string { return strings.Join(e.search.Dirs, ", ") }
