package vpd

import (
	"bytes"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
)

// allocationMost is the most that one allocation of Parse may take.
const allocationMost = 64 << 10

// largeAllocations counts those that were ever made beyond the runtime's size
// classes, which end at 32 KiB.
func largeAllocations() uint64 {
	sizes := []metrics.Sample{{Name: "/gc/heap/allocs-by-size:bytes"}}
	metrics.Read(sizes)
	counts := sizes[0].Value.Float64Histogram().Counts
	return counts[len(counts)-1]
}

// largestOfParse is the size of the largest allocation that Parse ever made, by the
// profile of all, which has a record for each size.
func largestOfParse() (most int64) {
	runtime.GC() // twice, as the profile is that of the last but one
	runtime.GC()
	records := make([]runtime.MemProfileRecord, 1000)
	n, whole := runtime.MemProfile(records, true)
	for !whole {
		records = make([]runtime.MemProfileRecord, n+100)
		n, whole = runtime.MemProfile(records, true)
	}
	for _, r := range records[:n] {
		for frames := runtime.CallersFrames(r.Stack()); ; {
			frame, more := frames.Next()
			if strings.HasSuffix(frame.Function, "/vpd.Parse") {
				most = max(most, r.AllocBytes/max(r.AllocObjects, 1))
			}
			if !more {
				break
			}
		}
	}
	return most
}

func FuzzParse(f *testing.F) {
	runtime.MemProfileRate = 1 // every allocation, not one now and then
	for _, v := range readVectors(f) {
		f.Add(v.data)
	}
	f.Add(bytes.Repeat([]byte{0x33}, 1024))
	f.Add(bytes.Repeat([]byte{0xff}, Size))
	f.Add([]byte{tagReadOnly, 0xff, 0xff, 'S', 'N', 0xff})
	f.Add(card(sn("S1"), sn("S2"), field("V0", 0xff)))
	f.Fuzz(func(t *testing.T, b []byte) {
		large := largeAllocations()
		got := Parse(bytes.NewReader(b))
		if largeAllocations() != large {
			if n := largestOfParse(); n < Size/2 || n > allocationMost {
				t.Fatalf("an allocation of %d bytes", n)
			}
		}
		if (got.Strict == nil) != (got.Err() != nil) {
			t.Fatalf("strict %v with error %v", got.Strict, got.Err())
		}
		all := []Contents{got.Tolerant}
		if got.Strict != nil {
			all = append(all, *got.Strict)
			if len(b) > Size && !bytes.ContainsAny(b[:Size], "\x78\x79\x7a\x7b\x7c\x7d\x7e\x7f") {
				t.Fatal("strict without an end tag")
			}
		}
		for _, c := range all {
			wantPrintable(t, c.Name, Size)
			for _, fields := range []map[string]string{c.ReadOnly, c.ReadWrite} {
				for key, value := range fields {
					wantPrintable(t, key, 2)
					wantPrintable(t, value, 255)
				}
			}
		}
		for _, p := range got.Problems {
			if p.Offset < 0 || p.Offset > min(Size, len(b)) || p.text == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func wantPrintable(t *testing.T, s string, most int) {
	t.Helper()
	if len(s) > most {
		t.Fatalf("%q is longer than %d", s, most)
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			t.Fatalf("%q is not printable", s)
		}
	}
}
