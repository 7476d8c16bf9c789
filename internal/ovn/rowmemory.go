package ovn

// rowMemory is which row a port had when it was last in a view. It is a help, not
// a truth: the row may be gone, or never have been in this database.
type rowMemory map[string]string

// remember notes the rows that came or changed. What is no longer in the view is
// forgotten when it has become much more than what is.
func (s *Southbound) remember(j *judged) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil || len(s.rows) > 2*len(j.rows)+1024 {
		s.rows = make(rowMemory, len(j.rows))
		for uuid, r := range j.rows {
			s.rows[r.binding.LogicalPort] = uuid
		}
		return
	}
	for _, uuid := range j.fresh {
		s.rows[j.rows[uuid].binding.LogicalPort] = uuid
	}
}

// rowsOf parts ports, each named once, into those whose row was seen and others.
func (s *Southbound) rowsOf(ports []string) (known []portRow, unknown []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(map[string]bool, len(ports))
	for _, port := range ports {
		if done[port] {
			continue
		}
		done[port] = true
		if uuid, ok := s.rows[port]; ok {
			known = append(known, portRow{port, uuid})
		} else {
			unknown = append(unknown, port)
		}
	}
	return known, unknown
}

// register notes the hostname in our Chassis row.
func (s *Southbound) register(hostname string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registered = hostname
}

// us is who a config says we are, with the hostname that our Chassis row had last.
func (s *Southbound) us(c Config) me {
	s.mu.Lock()
	defer s.mu.Unlock()
	return me{Chassis: c.Chassis, Hostname: c.Hostname, Registered: s.registered}
}
