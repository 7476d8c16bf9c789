package representor_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// The representor of VF 3 below the PF with the MAC address 00:53:00:00:00:42, on the running kernel.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	client := devlink.New()
	defer client.Close()
	ports, err := client.Ports(ctx)
	netdevs, netdevsErr := net.Interfaces()
	if err != nil || netdevsErr != nil {
		fmt.Println("the card can't be read:", err, netdevsErr)
		return
	}
	card := representor.Card{Ports: ports, Links: map[uint32]representor.Link{}, Complete: true}
	for _, n := range netdevs {
		card.Links[uint32(n.Index)] = representor.Link{Name: n.Name, Settled: true}
	}
	mac := representor.MAC{0x00, 0x53, 0x00, 0x00, 0x00, 0x42}
	query := representor.Query{PFMAC: mac, Kind: representor.VF, Number: 3}
	found, why := representor.NewIndex(card, representor.Settings{}).Lookup(query)
	if why != nil {
		fmt.Println(why.Message)
		return
	}
	fmt.Println(found.Function, "is", found.Link.Name)
}
