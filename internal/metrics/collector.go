package metrics

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// collector makes samples of a snapshot when it is asked to.
type collector struct {
	snapshot     func() Snapshot
	now          func() time.Time
	descs        map[string]*prometheus.Desc
	certificates certificates
	process      func(*samples)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.snapshot()
	out := &samples{descs: c.descs, ch: ch}
	daemon(out, s.Facts)
	out.gauge("representord_audit_interval_seconds", s.Audit.Seconds())
	ports(out, s.Report)
	changes(out, s)
	databases(out, s, c.now())
	c.tls(out, s.TLS)
	companions(out, s.Companions)
	cards(out, s)
	c.process(out)
	out.gauge("process_start_time_seconds", seconds(s.Started))
}

// samples takes samples by the names of their metrics.
type samples struct {
	descs map[string]*prometheus.Desc
	ch    chan<- prometheus.Metric
}

func (s *samples) gauge(name string, v float64, labels ...string) {
	s.add(name, prometheus.GaugeValue, v, labels)
}

func (s *samples) counter(name string, v uint64, labels ...string) {
	s.add(name, prometheus.CounterValue, float64(v), labels)
}

func (s *samples) floatCounter(name string, v float64) { s.add(name, prometheus.CounterValue, v, nil) }

func (s *samples) add(name string, t prometheus.ValueType, v float64, labels []string) {
	d := s.descs[name]
	if d == nil {
		s.ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(nil), fmt.Errorf("metric %s is not listed", name))
		return
	}
	// A label that isn't UTF-8 would cost the whole scrape.
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	m, err := prometheus.NewConstMetric(d, t, v, labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	s.ch <- m
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seconds gives a moment in seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }

func daemon(out *samples, f api.Facts) {
	out.gauge("representord_build_info", 1, f.Version, runtime.Version())
	for _, role := range []api.Role{api.Starting, api.Standby, api.Active} {
		out.gauge("representord_role", truth(f.Role == role), string(role))
	}
	out.gauge("representord_dry_run", truth(f.DryRun))
	out.counter("representord_passes_total", f.Report.Passes)
	if !f.Report.At.IsZero() {
		out.gauge("representord_last_pass_timestamp_seconds", seconds(f.Report.At))
	}
}

// notPlugged is what ports that aren't plugged are counted by.
type notPlugged struct {
	state  plan.State
	reason reason.Code
}

func ports(out *samples, r plug.Report) {
	states := map[plan.State]int{plan.Plugged: 0, plan.Pending: 0, plan.Conflict: 0, plan.Held: 0, plan.Invalid: 0}
	waiting := map[notPlugged]int{}
	warnings := map[reason.Code]int{}
	for i := range r.Ports {
		p := &r.Ports[i]
		states[p.State]++
		if p.Reason != nil {
			waiting[notPlugged{p.State, p.Reason.Code}]++
		}
		for j := range p.Warnings {
			warnings[p.Warnings[j].Code]++
		}
	}
	for state, n := range states {
		out.gauge("representord_ports", float64(n), string(state))
	}
	for w, n := range waiting {
		out.gauge("representord_ports_not_plugged", float64(n), string(w.state), string(w.reason))
	}
	for code, n := range warnings {
		out.gauge("representord_port_warnings", float64(n), string(code))
	}
	out.gauge("representord_built_in_provider_rows", float64(len(r.BuiltIn)))
	holds(out, r.Holds)
}

func holds(out *samples, all []plug.Holding) {
	held := map[reason.Code]*plug.Holding{reason.CodeMassUnplug: nil, reason.CodeSouthboundReplaced: nil}
	for i := range all {
		held[all[i].Code] = &all[i]
	}
	for code, h := range held {
		out.gauge("representord_holds", truth(h != nil), string(code))
		if h == nil {
			out.gauge("representord_held_ports", 0, string(code))
			continue
		}
		out.gauge("representord_held_ports", float64(len(h.Ports)), string(code))
		out.gauge("representord_hold_until_timestamp_seconds", seconds(h.Until), string(code))
	}
}

func changes(out *samples, s Snapshot) {
	out.counter("representord_changes_total", s.Report.Transactions, "committed")
	out.counter("representord_changes_total", s.Report.Failures, "refused")
	out.counter("representord_change_retries_total", s.Report.Retries)
	out.counter("representord_transactions_total", s.Switch.Transactions)
	out.counter("representord_transaction_splits_total", s.Switch.Splits)
	out.counter("representord_retargets_total", s.Report.Retargets)
	out.counter("representord_leaks_closed_total", s.Report.Leaks)
}

func databases(out *samples, s Snapshot, now time.Time) {
	const local, southbound = "local", "southbound"
	v, sb := s.Local, s.Southbound
	out.gauge("representord_database_connected", truth(v.Complete), local)
	out.gauge("representord_database_connected", truth(sb.Complete && sb.Connected), southbound)
	switch {
	case v.Complete:
		out.gauge("representord_database_last_sync_timestamp_seconds", seconds(now), local)
	case !v.Since.IsZero():
		out.gauge("representord_database_last_sync_timestamp_seconds", seconds(v.Since), local)
	}
	switch {
	case sb.Complete && sb.Connected:
		out.gauge("representord_database_last_sync_timestamp_seconds", seconds(now), southbound)
	case sb.Complete: // it was whole when the connection was lost
		out.gauge("representord_database_last_sync_timestamp_seconds", seconds(sb.Since), southbound)
	}
	out.counter("representord_local_database_connections_total", s.Switch.Connections)
	out.gauge("representord_bridge_found", truth(v.BridgeUUID != ""))
	out.gauge("representord_chassis_found", truth(sb.ChassisKnown))
}

func companions(out *samples, all []companion.Sight) {
	for _, c := range all {
		if c.State != companion.Unknown {
			out.gauge("representord_companion_answers", truth(c.State == companion.Answers), c.Name)
		}
	}
}

func cards(out *samples, s Snapshot) {
	whole, _ := s.Index.Complete()
	out.gauge("representord_card_complete", truth(whole && s.Index.BlindInstances() == 0))
	for class, n := range s.Index.Census() {
		controller := ""
		if class.Controller.Present {
			controller = strconv.FormatUint(uint64(class.Controller.Value), 10)
		}
		out.gauge("representord_devlink_ports", float64(n), class.Flavour.String(), controller)
	}
	out.gauge("representord_ambiguous_macs", float64(s.Index.AmbiguousMACs()))
	netlink(out, "devlink", s.Card.Ports)
	netlink(out, "rtnetlink", s.Card.Links)
}

func netlink(out *samples, source string, c card.SourceCounters) {
	out.counter("representord_netlink_reads_total", c.Reads, source)
	out.counter("representord_netlink_read_failures_total", c.Failures, source)
	out.counter("representord_netlink_redumps_total", c.Interrupted, source)
	out.counter("representord_netlink_malformed_total", c.Malformed, source)
	out.counter("representord_netlink_events_total", c.Events, source)
	out.counter("representord_netlink_overruns_total", c.Overruns, source)
	out.counter("representord_netlink_subscription_failures_total", c.Unheard, source)
}
