package southbound

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

func TestView_AFloodOfChangesMakesFewViewsAndEndsInTheLast(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	const ports = 200
	var ops []ovsdb.Operation
	for i := range ports {
		ops = append(ops, insert("Port_Binding", w.port(fmt.Sprint("lp-", i), us, nil)))
	}
	w.transact(ops...)
	f := follow(t, dpu1(d.Endpoint))
	f.until("all ports are there", func(v View) bool { return len(v.Bindings) == ports })

	var views atomic.Int64
	last := f.View().Bindings
	stop, counted := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(counted)
		for {
			select {
			case <-f.changed:
				views.Add(1)
			case <-stop:
				return
			}
		}
	}()
	began := time.Now()
	const changes = 1000
	for i := range changes {
		w.update(fmt.Sprint("lp-", i%ports), ovsdb.Row{"up": i%2 == 0})
	}
	w.update("lp-7", ovsdb.Row{"type": "the last"})
	close(stop)
	<-counted
	took := time.Since(began)
	f.until("the last change is there", func(v View) bool { return v.Bindings["lp-7"].Disposition == Withdrawn })
	if most := int64(took/minPause) + 2; views.Load() > most {
		t.Errorf("%d views in %v, want %d at most", views.Load(), took, most)
	}
	if last["lp-7"].Disposition != Asked {
		t.Error("an old view has changed")
	}
	t.Logf("%d changes in %v made %d views", changes, took, views.Load())
}

// BenchmarkCommitToView measures how long after the Southbound has acknowledged a
// transaction its effect is in the view, with 1000 ports of ours.
func BenchmarkCommitToView(b *testing.B) {
	d, w := southbound(b)
	us := w.us()
	for i := range 10 {
		var ops []ovsdb.Operation
		for j := range 100 {
			ops = append(ops, insert("Port_Binding", w.port(fmt.Sprint("lp-", i*100+j), us, nil)))
		}
		w.transact(ops...)
	}
	f := follow(b, dpu1(d.Endpoint))
	f.until("all ports are there", func(v View) bool { return len(v.Bindings) == 1000 })
	up := false
	for b.Loop() {
		b.StopTimer()
		retry.Sleep(b.Context(), 20*time.Millisecond) // what is measured is a change after a quiet time
		up = !up
		w.update("lp-500", ovsdb.Row{"up": up})
		b.StartTimer()
		f.until("the change is there", func(v View) bool { return v.Bindings["lp-500"].Up == up })
	}
}

// BenchmarkView measures making a view of 1000 ports, all new or one changed.
func BenchmarkView(b *testing.B) {
	rows := map[string]model.Model{}
	for i := range 1000 {
		uuid, requested := fmt.Sprintf("%08d-0000-4000-8000-000000000000", i), ourUUID
		rows[uuid] = &ovn.PortBinding{
			UUID: uuid, LogicalPort: fmt.Sprint("lp-", i), RequestedChassis: &requested,
			Options: map[string]string{
				"vif-plug-type": "representor", "vif-plug:representor:pf-mac": "00:53:00:00:00:42",
				"vif-plug:representor:vf-num": fmt.Sprint(i), "requested-chassis": "dpu1",
			},
		}
	}
	b.Run("all new", func(b *testing.B) {
		for b.Loop() {
			classifyAll(rows, us(), nil)
		}
	})
	b.Run("none changed", func(b *testing.B) {
		last := classifyAll(rows, us(), nil)
		for b.Loop() {
			last = classifyAll(rows, us(), last)
		}
	})
}
