package ovs

// Counters count what happened since the Switch was made.
type Counters struct {
	// Transactions counts those that were sent to the database, whatever came of them.
	Transactions uint64
	// Splits counts those that failed, and were tried again in parts so that one bad
	// change holds up no other.
	Splits uint64
	// Connections counts those that were made and read as a whole.
	Connections uint64
}

// Counters are the counters at this moment. It never blocks.
func (s *Switch) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}
