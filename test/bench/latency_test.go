// Package bench measures what an operator feels: the time from a write in the
// Southbound to the Interface row on the DPU, next to the bare cost of the
// database transactions that no program can do without.
package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkSouthboundToInterface writes one request after another into a real
// Southbound, and waits until an independent client of the local database is told
// of the committed Interface row. The daemon's own code does what lies between,
// with a given index of representors. Beside it, in the same loop and on the same
// servers: one bare transaction on each of the two databases.
//
// It reports medians: µs/plug, µs/two-transactions, and their ratio.
func BenchmarkSouthboundToInterface(b *testing.B) {
	cloud := newCloud(b)
	cloud.startDaemon(b)
	var plugged, bare []time.Duration
	for i := range b.N {
		lport, vf := fmt.Sprintf("port%d", i), i%vfs
		bare = append(bare, cloud.twoTransactions(b, i))
		start := time.Now()
		row := cloud.ask(b, lport, vf, i)
		cloud.observer.await(b, lport, true)
		plugged = append(plugged, time.Since(start))
		cloud.withdraw(b, row)
		cloud.observer.await(b, lport, false)
	}
	p, f := median(plugged), median(bare)
	b.ReportMetric(0, "ns/op") // the loop does more than what is measured
	b.ReportMetric(float64(p.Microseconds()), "µs/plug")
	b.ReportMetric(float64(f.Microseconds()), "µs/two-transactions")
	b.ReportMetric(float64(p)/float64(f), "ratio")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
