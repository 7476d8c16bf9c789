package ovn

import (
	"net"
	"strings"

	"github.com/representord/representord/representor"
)

// columnMAC is Port_Binding.mac, in which northd puts the addresses of the logical port:
// "80:fa:5b:06:72:b7 192.0.2.11 2001:db8::11", or a word such as unknown (ovn-sb(5)).
const columnMAC = "mac"

// onlyMAC is the one unicast MAC address among a port's addresses, zero if there is none,
// or more than one.
func onlyMAC(addresses []string) representor.MAC {
	var only representor.MAC
	for _, a := range addresses {
		first, _, _ := strings.Cut(strings.TrimSpace(a), " ")
		hw, err := net.ParseMAC(first)
		if err != nil || len(hw) != len(only) {
			continue
		}
		mac := representor.MAC(hw)
		if mac.IsZero() || mac[0]&1 != 0 {
			continue
		}
		if !only.IsZero() && only != mac {
			return representor.MAC{}
		}
		only = mac
	}
	return only
}
