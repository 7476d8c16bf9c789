package representor_test

import (
	"testing"

	"github.com/representord/representord/representor"
)

func TestController_AFunctionOfAKernelWithoutAnyIsTheOnlyOneThatItCanBe(t *testing.T) {
	t.Parallel()
	const at = "pci/0000:03:00.0 "
	secondHost := "pci/0000:03:00.0/1: type eth flavour pcipf controller 2 pfnum 0 external true hw_addr 00:53:00:00:00:02\n"
	ownVF := "pci/0000:03:00.0/2: type eth flavour pcivf controller 0 pfnum 0 vfnum 7 external false\n"
	ownSF := "pci/0000:03:00.0/3: type eth flavour pcisf controller 0 pfnum 0 sfnum 88 external false\n"
	hostSF := "pci/0000:03:00.0/4: type eth flavour pcisf controller 1 pfnum 0 sfnum 77 external true\n"
	for _, tc := range []struct {
		name, ports string
		card        func(*representor.Card)
		was, is     string
	}{
		{name: "the PF", ports: hostGone, was: at + "pf0", is: at + "c1pf0"},
		{name: "a VF", ports: hostGone, was: at + "pf0vf0", is: at + "c1pf0vf0"},
		{name: "beside SFs of our own machine", ports: hostGone + ownSF, was: at + "pf0vf0", is: at + "c1pf0vf0"},
		{name: "an SF", ports: hostGone + hostSF, was: at + "pf0sf77", is: at + "c1pf0sf77"},
		{name: "the host's on controller 0", ports: controllerZero, was: "pci/0000:c1:00.0 pf0vf1", is: "pci/0000:c1:00.0 c0pf0vf1"},
		{name: "a plain NIC's, of which such a kernel didn't say that it is local", ports: plainNIC, was: "pci/0000:18:00.0 pf0vf3",
			is: "pci/0000:18:00.0 c0pf0vf3 local"},
		{name: "a kernel without controllers still", ports: blueFieldOld, was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "one that has its controller", ports: hostGone, was: at + "c1pf0vf0", is: at + "c1pf0vf0"},
		{name: "one of another controller", ports: hostGone, was: at + "c2pf0vf0", is: at + "c2pf0vf0"},
		{name: "another VF", ports: hostGone, was: at + "pf0vf9", is: at + "pf0vf9"},
		{name: "another PF's", ports: hostGone, was: at + "pf1vf0", is: at + "pf1vf0"},
		{name: "another card's", ports: hostGone, was: "pci/0000:83:00.0 pf0vf0", is: "pci/0000:83:00.0 pf0vf0"},
		{name: "one that was local for certain", ports: hostGone, was: at + "pf0vf0 local", is: at + "pf0vf0 local"},
		{name: "several hosts' of that number", ports: multiHost, was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "one host's, while another's may be off", ports: hostGone + secondHost, was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "one host's, while our own machine has VFs", ports: hostGone + ownVF, was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "an SF, while our own machine has SFs", ports: hostGone + hostSF + ownSF, was: at + "pf0sf77", is: at + "pf0sf77"},
		{name: "a card that isn't read", ports: hostGone, card: func(c *representor.Card) { c.Complete = false },
			was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "a card with a port that can't be read", ports: hostGone, card: func(c *representor.Card) { c.MayLackPFs = true },
			was: at + "pf0vf0", is: at + "pf0vf0"},
		{name: "nothing", ports: hostGone},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := card(t, tc.ports)
			if tc.card != nil {
				tc.card(&c)
			}
			if got := representor.NewIndex(c, representor.Settings{}).WithController(called(tc.was)); got != called(tc.is) {
				t.Errorf("%q is %q, want %q", tc.was, got, tc.is)
			}
		})
	}
}

func TestController_AFunctionThatHasOneIsNeverMadeAnother(t *testing.T) {
	t.Parallel()
	for _, ports := range []string{blueFieldNew, hostGone, multiHost, plainNIC, odd} {
		x := representor.NewIndex(card(t, ports), representor.Settings{})
		for _, r := range x.All() {
			others := r.Function
			others.Controller.Value += 90
			for _, other := range []representor.Function{r.Function, others} {
				if got := x.WithController(other); got != other {
					t.Errorf("%s became %s", other, got)
				}
			}
		}
	}
}
