package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// Socket is a unix socket by which ports can be plugged and unplugged.
type Socket struct {
	Path string
	Mode fs.FileMode
	// Owner and Group are names, or numbers that have no name.
	Owner, Group string
	// Err is why it can't be looked at.
	Err error
}

// others is the permission that connecting to a unix socket takes (unix(7)), of
// everybody.
const others fs.FileMode = 0o002

// sockets: whoever may connect to one of them may take a machine off its network.
// That the daemon may connect to the local database is a check of that.
func (p *patient) sockets(c *diagnose.Check) {
	var seen, open, unseen, commands []string
	remedy := ""
	for _, s := range p.Sockets {
		path := reason.Word(s.Path)
		switch {
		case errors.Is(s.Err, os.ErrPermission):
			unseen = append(unseen, path+" may not be looked at")
			remedy = diagnose.RunAsRoot
		case s.Err != nil:
			unseen = append(unseen, path+" isn't there")
		case s.Mode.Perm()&others != 0:
			open, commands = append(open, path), append(commands, reason.Shell(s.Path))
		default:
			seen = append(seen, fmt.Sprintf("%s is %04o %s:%s", path, s.Mode.Perm(), reason.Word(s.Owner), reason.Word(s.Group)))
		}
	}
	switch {
	case len(open) > 0:
		c.Warn("every user of this machine may connect to "+strings.Join(open, " and to ")+", and change what is on the bridge or held",
			"`chmod o-w "+strings.Join(commands, " ")+"` and see what made it so: a umask, or the unit that starts it")
	case len(unseen) > 0:
		c.UnknownUntil(strings.Join(append(unseen, seen...), "; "), remedy)
	case len(seen) == 0:
		c.Unknown("there is none")
	default:
		c.OK(strings.Join(seen, "; "))
	}
}
