package representor

import (
	"maps"
	"slices"

	"github.com/representord/representord/devlink"
)

// Instance is a devlink instance with what is known of the card it is on.
type Instance struct {
	Handle devlink.Handle
	// HostFacing: it has a function of a host other than the machine we run on, for certain.
	HostFacing bool
	Serial     Serial
}

// Instances gives every instance that has representors or tells a serial number,
// sorted. It is as complete as the Index is.
func (x *Index) Instances() []Instance {
	all := map[devlink.Handle]Instance{}
	for h, s := range x.serials {
		all[h] = Instance{Handle: h, Serial: s}
	}
	for i := range x.reps {
		f := &x.reps[i].Function
		in := all[f.Handle]
		in.Handle = f.Handle
		in.HostFacing = in.HostFacing || f.External && !x.OwnerGuessed(*f)
		all[f.Handle] = in
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Instance) int { return compareHandles(a.Handle, b.Handle) })
}
