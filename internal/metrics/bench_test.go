package metrics

import (
	"slices"
	"testing"
)

// A scrape of a daemon with 256 ports.
func BenchmarkScrape(b *testing.B) {
	s := busy()
	s.Report.Ports = slices.Repeat(s.Report.Ports, 32)
	h, err := New(func() Snapshot { return s }, NewTimings(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.text(); err != nil {
			b.Fatal(err)
		}
	}
}
