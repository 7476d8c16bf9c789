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
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// Snapshot is what one scrape is made of.
type Snapshot struct {
	api.Facts
	Card   card.Counters
	Switch ovs.Counters
	// Audit is the longest time between two passes.
	Audit time.Duration
	// TLS are the certificate files that are in use.
	TLS []TLSFile
}

// collector makes samples of a snapshot when it is asked to.
type collector struct {
	snapshot     func() Snapshot
	now          func() time.Time
	families     map[string]family
	certificates certificates
	process      func(*samples)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.families {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.snapshot()
	out := &samples{families: c.families, ch: ch}
	daemon(out, s.Facts)
	put(out, "representord_audit_interval_seconds", s.Audit.Seconds())
	ports(out, s.Report)
	changes(out, s)
	databases(out, s, c.now())
	c.tls(out, s.TLS)
	companions(out, s.Companions)
	cards(out, s)
	c.process(out)
	put(out, "process_start_time_seconds", seconds(s.Started))
}

// samples takes samples by the names of their metrics.
type samples struct {
	families map[string]family
	ch       chan<- prometheus.Metric
}

// put takes a sample of a metric, whose type the list tells.
func put[N int | uint64 | float64](out *samples, name string, v N, labels ...string) {
	f, listed := out.families[name]
	if !listed {
		out.ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(nil), fmt.Errorf("metric %s is not listed", name))
		return
	}
	// A label that isn't UTF-8 would cost the whole scrape.
	for i := range labels {
		labels[i] = strings.ToValidUTF8(labels[i], "\uFFFD")
	}
	m, err := prometheus.NewConstMetric(f.desc, f.kind, float64(v), labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(f.desc, err)
	}
	out.ch <- m
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
	put(out, "representord_build_info", 1, f.Version, runtime.Version())
	for _, role := range []api.Role{api.Starting, api.Standby, api.Active} {
		put(out, "representord_role", truth(f.Role == role), string(role))
	}
	put(out, "representord_dry_run", truth(f.DryRun))
	put(out, "representord_passes_total", f.Report.Passes)
	if !f.Report.At.IsZero() {
		put(out, "representord_last_pass_timestamp_seconds", seconds(f.Report.At))
	}
}

func ports(out *samples, r plug.Report) {
	states := map[plan.State]int{plan.Plugged: 0, plan.Pending: 0, plan.Conflict: 0, plan.Held: 0, plan.Invalid: 0}
	waiting := map[[2]string]int{} // by state and reason
	warnings := map[reason.Code]int{}
	for _, p := range r.Ports {
		states[p.State]++
		if p.Reason != nil {
			waiting[[2]string{string(p.State), string(p.Reason.Code)}]++
		}
		for _, w := range p.Warnings {
			warnings[w.Code]++
		}
	}
	for state, n := range states {
		put(out, "representord_ports", n, string(state))
	}
	for w, n := range waiting {
		put(out, "representord_ports_not_plugged", n, w[0], w[1])
	}
	for code, n := range warnings {
		put(out, "representord_port_warnings", n, string(code))
	}
	put(out, "representord_built_in_provider_rows", len(r.BuiltIn))
	holds(out, r.Holds)
}

func holds(out *samples, all []plug.Holding) {
	held := map[reason.Code]plug.Holding{reason.CodeMassUnplug: {}, reason.CodeSouthboundReplaced: {}}
	for _, h := range all {
		held[h.Code] = h
	}
	for code, h := range held {
		put(out, "representord_holds", truth(h.Code == code), string(code))
		put(out, "representord_held_ports", len(h.Ports), string(code))
		if h.Code == code {
			put(out, "representord_hold_until_timestamp_seconds", seconds(h.Until), string(code))
		}
	}
}

func changes(out *samples, s Snapshot) {
	put(out, "representord_changes_total", s.Report.Transactions, "committed")
	put(out, "representord_changes_total", s.Report.Failures, "refused")
	put(out, "representord_change_retries_total", s.Report.Retries)
	put(out, "representord_transactions_total", s.Switch.Transactions)
	put(out, "representord_transaction_splits_total", s.Switch.Splits)
	put(out, "representord_retargets_total", s.Report.Retargets)
	put(out, "representord_leaks_closed_total", s.Report.Leaks)
}

func databases(out *samples, s Snapshot, now time.Time) {
	v, sb := s.Local, s.Southbound
	database := func(name string, connected, synced bool, lost time.Time) {
		put(out, "representord_database_connected", truth(connected), name)
		if connected {
			lost = now
		}
		if synced {
			put(out, "representord_database_last_sync_timestamp_seconds", seconds(lost), name)
		}
	}
	database("local", v.Complete, v.Complete || !v.Since.IsZero(), v.Since)
	database("southbound", sb.Complete && sb.Connected, sb.Complete, sb.Since)
	put(out, "representord_local_database_connections_total", s.Switch.Connections)
	put(out, "representord_bridge_found", truth(v.BridgeUUID != ""))
	put(out, "representord_chassis_found", truth(sb.ChassisKnown))
}

func companions(out *samples, all []companion.Sight) {
	for _, c := range all {
		if c.State != companion.Unknown {
			put(out, "representord_companion_answers", truth(c.State == companion.Answers), c.Name)
		}
	}
}

func cards(out *samples, s Snapshot) {
	whole, _ := s.Index.Complete()
	put(out, "representord_card_complete", truth(whole && s.Index.BlindInstances() == 0))
	for class, n := range s.Index.Census() {
		controller := ""
		if class.Controller.Present {
			controller = strconv.FormatUint(uint64(class.Controller.Value), 10)
		}
		put(out, "representord_devlink_ports", n, class.Flavour.String(), controller)
	}
	put(out, "representord_ambiguous_macs", s.Index.AmbiguousMACs())
	netlink(out, "devlink", s.Card.Ports)
	netlink(out, "rtnetlink", s.Card.Links)
}

func netlink(out *samples, source string, c card.SourceCounters) {
	put(out, "representord_netlink_reads_total", c.Reads, source)
	put(out, "representord_netlink_read_failures_total", c.Failures, source)
	put(out, "representord_netlink_redumps_total", c.Interrupted, source)
	put(out, "representord_netlink_malformed_total", c.Malformed, source)
	put(out, "representord_netlink_events_total", c.Events, source)
	put(out, "representord_netlink_overruns_total", c.Overruns, source)
	put(out, "representord_netlink_subscription_failures_total", c.Unheard, source)
}
