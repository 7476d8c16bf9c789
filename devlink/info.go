package devlink

// Info is what a device says of itself (DEVLINK_CMD_INFO_GET). What a driver
// leaves out is empty.
type Info struct {
	Handle Handle
	Driver string
	// BoardSerialNumber is board.serial_number, the one printed on the card, with
	// whatever padding the driver left around it.
	BoardSerialNumber string
	// SerialNumber is serial_number, the device's: a UUID or a MAC with most
	// drivers. It doesn't identify the card to anyone outside.
	SerialNumber string
	// Versions are in the order the driver gave them.
	Versions []Version
}

// VersionKind tells where a version is (Documentation/networking/devlink/devlink-info.rst).
type VersionKind string

// The kinds of version, as devlink(8) writes them.
const (
	VersionFixed   VersionKind = "fixed"
	VersionRunning VersionKind = "running"
	VersionStored  VersionKind = "stored"
)

// Version is the version of one component, such as "fw.mgmt".
type Version struct {
	Kind  VersionKind
	Name  string
	Value string
}

// EswitchMode is what the embedded switch of a device does (enum
// devlink_eswitch_mode in linux/devlink.h).
type EswitchMode uint16

// The modes. Only in the switchdev modes does a device have representors.
const (
	EswitchLegacy            EswitchMode = 0
	EswitchSwitchdev         EswitchMode = 1
	EswitchSwitchdevInactive EswitchMode = 2
)

// String gives the mode as devlink(8) writes it, or its number.
func (m EswitchMode) String() string {
	return named(int(m), "mode %d", "legacy", "switchdev", "switchdev_inactive")
}
