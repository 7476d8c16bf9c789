package invariants

// parking judges that a row was made to carry nobody's name, or given its name back.
// The first is an unplug where the function's netdev is there for certain, under the
// row's name; the second a plug, of what must be the function's netdev.
func (j *judge) parking(old known, r Row) {
	if old.Parked == r.Parked || j.named(r) {
		return
	}
	there, may := true, false
	for _, c := range j.truth.cards(j.batch) {
		its := c.VFs[old.home.Function].Name == r.Name
		there, may = there && its, may || its
	}
	switch {
	case r.Parked && there:
		j.violation("I2", r, "parked though its function's netdev is there under its name")
	case !r.Parked && !may:
		j.violation("I1", r, "given its name back while the netdev is of %q", j.names(r.Name))
	}
}

// named: an operator wrote the name that the row carries.
func (j *judge) named(r Row) bool {
	for _, d := range j.truth.deeds(r.UUID, j.batch) {
		if !d.Removed && d.Field == FieldIfaceID && d.Value == r.IfaceID {
			return true
		}
	}
	return false
}
