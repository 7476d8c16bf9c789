package plug

import "github.com/representord/representord/ovs"

// noteTaken remembers which rows are ours, and gives those that were and now bear
// the built-in provider's mark too.
func (r *Reconciler) noteTaken(v ovs.View) map[string]bool {
	if !v.Complete {
		return nil
	}
	ours, taken := map[string]bool{}, map[string]bool{}
	for _, i := range v.Interfaces {
		switch {
		case !i.Marked:
		case i.OVNPlugged == "":
			ours[i.UUID] = true
		case r.ours[i.UUID]:
			ours[i.UUID], taken[i.UUID] = true, true
		}
	}
	r.ours = ours
	return taken
}
