package metrics

import (
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
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
	if pages, ok := residentPages(); ok {
		put(out, "process_resident_memory_bytes", pages*os.Getpagesize())
	}
	if n, ok := openFiles(); ok {
		put(out, "process_open_fds", n)
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

// residentPages is the second number of /proc/self/statm, proc(5).
func residentPages() (int, bool) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.Atoi(fields[1])
	return pages, err == nil
}

func openFiles() (int, bool) {
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	return len(names) - 1, err == nil // one of them is the directory's own
}
