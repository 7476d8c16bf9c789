package southbound

import (
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/representor"
)

// Disposition is what a Port_Binding row, or its absence, means for this chassis.
type Disposition uint8

// The dispositions.
const (
	// Asked: the row asks us to plug (type and parent_port empty, vif-plug-type
	// representor, requested_chassis our Chassis row).
	Asked Disposition = iota + 1
	// Kept: the row asks no new plug of us, but says that what is plugged must stay:
	// requested_chassis is empty and the option requested-chassis names us, or we
	// are among requested_additional_chassis.
	Kept
	// Withdrawn: the row is there and asks nothing of us.
	Withdrawn
	// Gone: there is no such row.
	Gone
)

// Binding is one logical port as the Southbound has it, classified for this chassis.
type Binding struct {
	LogicalPort string
	Disposition Disposition
	// Request is what the row's options say, filled in for Asked and Kept.
	Request ovn.Request
	// Additional tells of a Kept row that it is another chassis' before it is ours: a
	// migration is under way, and the request may be for the other host's card.
	Additional bool
	// Why says in a few words, for an operator, what decided the disposition.
	Why string
	// Up is Port_Binding.up: ovn-controller has installed the port's flows.
	Up bool
	// MAC is the one MAC address that the logical port has, zero if it has none or several.
	MAC representor.MAC
}

// View is what the Southbound says, at one time, through a monitor of the rows that may concern us. It is not modified once made. A
// port that is not in it may still exist: absence proves nothing, ask Verify.
type View struct {
	// Complete is true once the initial reply of the monitor whose condition names
	// our present Chassis row has been received. Bindings may be acted on only then.
	Complete bool
	// Connected is true while the server answers and says that it is connected to
	// its cluster and not behind what we have seen.
	Connected bool
	// Since is when Connected last changed (monotonic).
	Since time.Time
	// Endpoint is the server in use or being tried; Problem is why it isn't
	// connected or complete, for an operator.
	Endpoint string
	Problem  string
	// Chassis is our name; ChassisKnown is true while its row is there.
	Chassis      string
	ChassisKnown bool
	// CMSOptions is ovn-cms-options of our Chassis row, which ovn-controller copies from
	// the local database.
	CMSOptions string
	// HiddenFromOldNeutron: cards are published there where a cardserial.OldNeutron doesn't look.
	HiddenFromOldNeutron bool
	// Identity names the database itself: the cluster's id, else SB_Global's uuid.
	// Another value means another database, whatever it says.
	Identity string
	// Names are the names of that database that mean the same to another run.
	Names ovn.Names
	// Bindings holds rows with disposition Asked or Kept, and those of the view that were
	// Withdrawn, by logical port.
	Bindings map[string]Binding
}

// Verdict is what the Southbound answers when it is asked about ports by name or
// row, whatever they say about us: the truth at the time of asking.
type Verdict struct {
	ChassisKnown bool
	Identity     string
	// Bindings has an entry for every port that was asked about, disposition Gone included.
	// A port without one, see Verify, is as unknown as it was before.
	Bindings map[string]Binding
}
