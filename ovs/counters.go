package ovs

import "sync/atomic"

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

// counts are the counters of a Switch.
type counts struct {
	transactions, splits, connections atomic.Uint64
}

func (c *counts) add(n Counters) {
	c.transactions.Add(n.Transactions)
	c.splits.Add(n.Splits)
}

// Counters are the counters at this moment. It never blocks.
func (s *Switch) Counters() Counters {
	return Counters{
		Transactions: s.counts.transactions.Load(),
		Splits:       s.counts.splits.Load(),
		Connections:  s.counts.connections.Load(),
	}
}
