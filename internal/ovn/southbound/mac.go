package southbound

import (
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/representor"
)

// onlyMAC is the one unicast MAC address among a port's addresses, as northd puts them into
// Port_Binding.mac: "80:fa:5b:06:72:b7 192.0.2.11 2001:db8::11", or a word such as unknown
// (ovn-sb(5)). The result is zero for no address, for several, and for one that OVN may read otherwise
// than we do: OVN takes 0:53:0:0:1:1 as well.
func onlyMAC(addresses []string) representor.MAC {
	var only representor.MAC
	for _, a := range addresses {
		if a == "unknown" { // the port may have others than it names
			continue
		}
		words := strings.Fields(a)
		if len(words) == 0 {
			return representor.MAC{}
		}
		mac, err := option.ParsePFMAC(words[0])
		if err != nil || !only.IsZero() && only != mac {
			return representor.MAC{}
		}
		only = mac
	}
	return only
}
