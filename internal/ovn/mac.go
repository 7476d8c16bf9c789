package ovn

import (
	"net"
	"strings"

	"github.com/representord/representord/representor"
)

// anyAddress is the word for a port that may have others than it names.
const anyAddress = "unknown"

// onlyMAC is the one unicast MAC address among a port's addresses, which northd puts into
// Port_Binding.mac: "80:fa:5b:06:72:b7 192.0.2.11 2001:db8::11", or a word such as unknown (ovn-sb(5)). It is zero if there is none, or
// more than one, or one that OVN may read otherwise than we do: it takes 0:53:0:0:1:1 as well.
func onlyMAC(addresses []string) representor.MAC {
	var only representor.MAC
	for _, a := range addresses {
		if a == anyAddress {
			continue
		}
		mac, ok := unicast(a)
		if !ok || !only.IsZero() && only != mac {
			return representor.MAC{}
		}
		only = mac
	}
	return only
}

// unicast reads the MAC address that an address of a port begins with.
func unicast(address string) (mac representor.MAC, ok bool) {
	words := strings.Fields(address)
	if len(words) == 0 || strings.Count(words[0], ":") != len(mac)-1 {
		return mac, false
	}
	hw, err := net.ParseMAC(words[0])
	if err != nil || len(hw) != len(mac) {
		return mac, false
	}
	mac = representor.MAC(hw)
	return mac, !mac.IsZero() && mac[0]&1 == 0
}
