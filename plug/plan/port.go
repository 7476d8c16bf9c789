package plan

import (
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// port is one logical port while it is decided on: what was read of it, what it should have by
// that, what this means beside the other ports, and how it stands in the end.
type port struct {
	name string
	rows []*ownRow // ours, by name
	word
	target

	taken     *port // the owner of want, when it is another
	removes   bool  // its rows go and nothing takes their place
	replaces  bool  // its rows make room, for what it asks for now or for another port
	underHold bool  // its rows stay for a hold that nothing else gets around

	status Status
}

// word is what the Southbound says of a port.
type word struct {
	binding  southbound.Binding
	seen     bool // binding is from the view or the verdict
	verified bool // binding is from the verdict
}

// target is what a port should have by what is asked, by its rows and by the card, whatever other
// ports want.
type target struct {
	query      representor.Query    // what is asked; Kind 0 if nothing is
	means      representor.Function // by its request, for certain; Kind 0 if that isn't
	want       representor.Function // what should be plugged; Kind 0 for none
	rep        representor.Representor
	ready      bool // rep has a netdev that may be plugged now
	fromMarker bool // want is what a row is for, whatever is asked for now
	asked      bool // want is wanted by a request; otherwise only kept
	removal    removal
	reason     *reason.Reason // why there is nothing to plug, or why it is only kept
}

// removal is why the rows of a port should go.
type removal uint8

const (
	noRemoval      removal = iota // they stay, or follow their function
	requestGone                   // or withdrawn
	requestChanged                // it names another function
)
