package doctor

// Printed is a Diagnosis as `representorctl doctor -j` prints it, for scripts.
type Printed struct {
	// Healthy is as in Diagnosis.
	Healthy bool           `json:"healthy"`
	Checks  []PrintedCheck `json:"checks"`
}

// PrintedCheck is one check of it. Its verdict is spelled as people see it.
type PrintedCheck struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Finding string `json:"finding"`
	Remedy  string `json:"remedy,omitempty"`
}

// Printed is what is printed for scripts.
func (d Diagnosis) Printed() Printed {
	p := Printed{Healthy: d.Healthy}
	for i := range d.Checks {
		c := &d.Checks[i]
		p.Checks = append(p.Checks, PrintedCheck{Name: c.Name, Verdict: c.Verdict.String(), Finding: c.Finding, Remedy: c.Remedy})
	}
	return p
}
