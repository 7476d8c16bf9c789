package representor_test

import (
	"fmt"
	"os"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// A card need not be the running kernel's: here it is what devlink(8) printed on another machine.
func ExampleIndex_Lookup() {
	f, err := os.Open("testdata/bluefield.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	ports, err := devlink.ParseJSON(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	links := map[uint32]representor.Link{}
	for i := range ports { // devlink(8) prints no ifindexes
		ports[i].IfIndex = uint32(i + 1)
		links[ports[i].IfIndex] = representor.Link{Name: ports[i].NetdevName, Settled: true}
	}
	card := representor.Card{Ports: ports, Links: links, Complete: true, PortsOnly: true}
	index := representor.NewIndex(card, representor.Settings{})
	for _, number := range []uint32{0, 9} {
		found, why := index.Lookup(representor.Query{
			PFMAC: representor.MAC{0x00, 0x53, 0x00, 0x00, 0x00, 0x42}, Kind: representor.VF, Number: number,
		})
		if why != nil {
			fmt.Println(why.Code)
			continue
		}
		fmt.Println(found.Function, "is", found.Link.Name)
	}
	// Output:
	// pci/0000:03:00.0 c1pf0vf0 is pf0vf0
	// function-not-found
}
