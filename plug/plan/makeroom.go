package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// room is how to take a row out of a port's way, and nothing else with it.
type room struct {
	// command does it, empty where none does.
	command string
	// note is what else there is to know, or why there is no command.
	note string
}

// MakeRoom is the remedy for a row that is in the way under a name, be it an Interface's or
// a Port's: the command is between backticks. ovs-vsctl deletes Ports, and a Port may have
// another name than its Interface, or other Interfaces as well.
func MakeRoom(a ovs.View, name string) string { return roomFor(a, name).remedy() }

// RemedyOf is the remedy for the row that a reason names, for an explanation; empty for
// a reason that is about none.
func RemedyOf(a ovs.View, r *reason.Reason, row string) string {
	switch {
	case row == "":
		return ""
	case r.Code == reason.CodeForeignName || r.Code == reason.CodeBuiltInLeftOver:
		return roomFor(a, row).remedy()
	case r.Code == reason.CodeForeignIfaceID:
		return roomForPort(a, row).remedy()
	}
	return ""
}

// IfUnneeded begins a remedy that has a command.
const IfUnneeded = "if nobody needs the row: "

func (r room) remedy() string {
	if r.command == "" {
		return r.note + "; see `ovs-vsctl show`"
	}
	return strings.TrimSpace(IfUnneeded + "`" + r.command + "` " + r.note)
}

// sentence is the remedy within a sentence.
func (r room) sentence() string {
	if r.command == "" {
		return r.note + "; see ovs-vsctl show"
	}
	return strings.TrimSpace("if nobody needs it: " + r.command + " " + r.note)
}

// roomFor takes away what has a netdev's name.
func roomFor(a ovs.View, name string) room {
	i, ok := a.Interfaces[name]
	members := membersOf(a, name)
	switch {
	case ok && (i.Shared || i.PortName == ""):
		return room{note: "several ports or bridges hold it"}
	case ok && i.PortInterfaces > 1:
		return room{
			command: "ovs-vsctl -- --id=@i get Interface " + reason.Shell(name) + " -- remove Port " +
				reason.Shell(i.PortName) + " interfaces @i",
			note: "(the other Interfaces of Port " + reason.Quote(i.PortName) + " stay)",
		}
	case ok:
		return deletePort(i)
	case len(members) > 1:
		return room{note: "it is a bond of " + reason.Names(members) +
			", and a Port can't be renamed: that bond must be made anew under another name"}
	case len(members) == 1:
		return deletePort(a.Interfaces[members[0]])
	}
	return room{note: "a bridge has the name, or a port that several bridges hold"}
}

// roomForPort takes the iface-id of a logical port from somebody else's Interface: with
// its Port where that has no other.
func roomForPort(a ovs.View, name string) room {
	if r := roomFor(a, name); r.command != "" && a.Interfaces[name].PortInterfaces == 1 {
		return r
	}
	return room{command: "ovs-vsctl remove Interface " + reason.Shell(name) + " external_ids iface-id"}
}

// deletePort deletes a Port with its only Interface.
func deletePort(i ovs.Interface) room {
	if i.PortName == i.Bridge {
		return room{note: "it is the local port of bridge " + reason.Quote(i.Bridge) + ", and goes with that only"}
	}
	return room{command: "ovs-vsctl del-port " + reason.Shell(i.PortName)}
}

// membersOf are the Interfaces of a Port, sorted.
func membersOf(a ovs.View, port string) []string {
	var members []string
	for _, name := range slices.Sorted(maps.Keys(a.Interfaces)) {
		if a.Interfaces[name].PortName == port {
			members = append(members, name)
		}
	}
	return members
}
