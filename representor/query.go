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
	var b strings.Builder
	fmt.Fprintf(&b, "pf-mac %s %s", q.PFMAC, q.Kind)
	if q.Kind != PF {
		fmt.Fprintf(&b, " %d", q.Number)
	}
	if q.Controller.Present {
		fmt.Fprintf(&b, " controller %d", q.Controller.Value)
	}
	if q.CardSerial != "" {
		fmt.Fprintf(&b, " card-serial-number %s", q.CardSerial)
	}
	return b.String()
}

// ParseQuery reads the text that String gives, and nothing else.
func ParseQuery(text string) (Query, error) {
	var q Query
	words := strings.SplitN(text, " ", 4)
	if len(words) > 1 {
		if mac, err := net.ParseMAC(words[1]); err == nil && len(mac) == len(q.PFMAC) {
			q.PFMAC = MAC(mac)
		}
	}
	rest := ""
	if len(words) > 2 {
		for _, k := range []Kind{PF, VF, SF} {
			if k.String() == words[2] {
				q.Kind = k
			}
		}
		rest = strings.Join(words[3:], " ")
	}
	if q.Kind == VF || q.Kind == SF {
		q.Number, rest = leadingNumber(rest)
	}
	if after, ok := strings.CutPrefix(rest, "controller "); ok {
		var n uint32
		n, rest = leadingNumber(after)
		q.Controller = devlink.Some(n)
	}
	q.CardSerial, _ = strings.CutPrefix(rest, "card-serial-number ")
	if q.Kind == 0 || q.String() != text {
		return Query{}, fmt.Errorf("%s is no request as representord writes them", reason.Quote(text))
	}
	return q, nil
}

// leadingNumber takes a number and the blank after it from the beginning of a text.
func leadingNumber(text string) (n uint32, rest string) {
	word, rest, _ := strings.Cut(text, " ")
	parsed, err := strconv.ParseUint(word, 10, 32)
	if err != nil {
		return 0, rest
	}
	return uint32(parsed), rest
}
