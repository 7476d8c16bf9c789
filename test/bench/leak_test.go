package bench

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/representord/representord/test/servers"
)

// A daemon that runs for years must not keep anything of a port that has gone.
func TestMemory_NothingIsLeftOfAThousandPortsThatCameAndWent(t *testing.T) {
	c := newCloud(t)
	c.startDaemon(t)
	round := func(i int) {
		lport := fmt.Sprintf("port%d", i)
		row := c.ask(t, lport, i%vfs, i)
		c.observer.await(t, lport, true)
		c.withdraw(t, row)
		c.observer.await(t, lport, false)
	}
	for i := range 20 { // what is made once is made now
		round(i)
	}
	goroutines, descriptors, heap := runtime.NumGoroutine(), openFiles(t), liveHeap()
	for i := range 1000 {
		round(20 + i)
	}
	// What is on its way out may take a moment to go.
	servers.Until(t, fmt.Sprintf("there are %d goroutines and %d descriptors again", goroutines, descriptors), func() bool {
		return runtime.NumGoroutine() <= goroutines && openFiles(t) <= descriptors
	})
	after := liveHeap()
	t.Logf("goroutines %d before, %d after; descriptors %d, %d; live heap %d kB, %d kB",
		goroutines, runtime.NumGoroutine(), descriptors, openFiles(t), heap>>10, after>>10)
	// 1000 ports that each left 1 kB behind would show.
	if after > heap+1<<20 {
		t.Errorf("live heap grew from %d kB to %d kB", heap>>10, after>>10)
	}
}

func openFiles(tb testing.TB) int {
	tb.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(entries)
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
