package representor

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// MAC is a 48-bit Ethernet address.
type MAC [6]byte

// String gives the address in lower case, colon separated.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// IsZero reports whether the address is 00:00:00:00:00:00, which drivers report
// for an address they don't know and which therefore never matches.
func (m MAC) IsZero() bool { return m == MAC{} }

// Query names a host function the only way the control plane can: by its PF's
// MAC and a number below that PF. It is comparable.
type Query struct {
	PFMAC MAC
	Kind  Kind
	// Number is the VF or SF number, 0 for the PF itself.
	Number uint32
	// Controller, when present, admits PFs of that controller only.
	Controller devlink.Optional[uint32]
	// CardSerial, when not empty, admits only devlink handles with exactly that
	// board serial number.
	CardSerial string
}

// String gives the canonical text of the query, one to one with the value.
// Example: "pf-mac 00:53:00:00:00:42 vf 3 controller 1".
func (q Query) String() string {
	b := append(append(make([]byte, 0, 128), macWord...), q.PFMAC.String()...)
	b = append(append(b, ' '), q.Kind.String()...)
	if q.Kind != PF {
		b = strconv.AppendUint(append(b, ' '), uint64(q.Number), 10)
	}
	if q.Controller.Present {
		b = strconv.AppendUint(append(b, controllerWord...), uint64(q.Controller.Value), 10)
	}
	if q.CardSerial != "" {
		b = append(append(b, serialWord...), q.CardSerial...)
	}
	return string(b)
}

// What comes before the values in a query's text.
const (
	macWord        = "pf-mac "
	controllerWord = " controller "
	serialWord     = " card-serial-number "
)

// ParseQuery reads the text that String gives, and nothing else.
func ParseQuery(text string) (Query, error) {
	var q Query
	rest, _ := strings.CutPrefix(text, macWord)
	mac, rest, _ := strings.Cut(rest, " ")
	octets, _ := net.ParseMAC(mac)
	copy(q.PFMAC[:], octets)
	for _, k := range [...]Kind{PF, VF, SF} {
		if after, ok := strings.CutPrefix(rest, k.String()); ok {
			q.Kind, rest = k, after
			break
		}
	}
	if after, ok := strings.CutPrefix(rest, " "); ok && q.Kind > PF {
		q.Number, rest = leadingDigits(after)
	}
	if after, ok := strings.CutPrefix(rest, controllerWord); ok {
		var n uint32
		n, rest = leadingDigits(after)
		q.Controller = devlink.Some(n)
	}
	q.CardSerial, _ = strings.CutPrefix(rest, serialWord)
	if q.Kind == 0 || q.String() != text {
		return Query{}, fmt.Errorf("%s is no request as representord writes them", reason.Quote(text))
	}
	return q, nil
}
