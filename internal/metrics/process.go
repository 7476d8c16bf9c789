package metrics

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"golang.org/x/sys/unix"
)

// process tells of our own process. The library's collector isn't used: it shows
// the traffic of the whole network namespace as if it were ours, and reads files
// that the service can't see. What can't be read is left out.
func process(out *samples) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err == nil {
		cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		put(out, "process_cpu_seconds_total", cpu.Seconds())
	}
	var size, resident int // in pages, the first two numbers of /proc/self/statm, proc(5)
	statm, _ := os.ReadFile("/proc/self/statm")
	if _, err := fmt.Sscan(string(statm), &size, &resident); err == nil {
		put(out, "process_resident_memory_bytes", resident*os.Getpagesize())
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		put(out, "process_open_fds", len(open)-1) // one of them is the directory's own
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil {
		put(out, "process_max_fds", limit.Cur)
	}
	put(out, "go_goroutines", runtime.NumGoroutine())
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	if heap[0].Value.Kind() == metrics.KindUint64 {
		put(out, "go_memstats_heap_alloc_bytes", heap[0].Value.Uint64())
	}
}
