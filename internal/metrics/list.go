// Package metrics shows what the daemon knows as metrics of Prometheus. A scrape
// turns the snapshots of that moment into samples: there is no second account of
// anything, and no scrape waits for a database or a pass. What labels may hold is
// bounded: no name of a logical port, a netdev or a function is among them.
package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is a metric's, as the exposition format writes it.
type Type string

// The types in use.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Metric is one family of metrics.
type Metric struct {
	Name   string
	Type   Type
	Help   string
	Labels []string
}

// Names that more than one place needs.
const (
	stepDuration = "representord_request_step_duration_seconds"
	passDuration = "representord_pass_duration_seconds"
)

// All lists every metric, in the order in which the documentation shows them.
func All() []Metric {
	return slices.Concat(aboutWork(), aboutSources())
}

// aboutWork lists those about the daemon, the ports, and the changes to the bridge.
func aboutWork() []Metric {
	return []Metric{
		{"representord_build_info", Gauge, "Always 1, with the version of the program and of Go as labels.", []string{"version", "go_version"}},
		{"representord_role", Gauge, "1 for the role that the daemon has: starting, standby or active.", []string{"role"}},
		{"representord_dry_run", Gauge, "1 if the daemon plans and writes nothing.", nil},
		{"representord_passes_total", Counter, "Passes that have ended.", nil},
		{"representord_last_pass_timestamp_seconds", Gauge, "When the last pass ended, in seconds since 1970. Absent before the first.", nil},
		{"representord_audit_interval_seconds", Gauge, "The longest time between two passes, as the setting audit-interval has it.", nil},
		{passDuration, Histogram, "Duration of one pass, in seconds.", nil},

		{"representord_ports", Gauge, "Logical ports that are asked for or have a row of ours, by state.", []string{"state"}},
		{"representord_ports_not_plugged", Gauge, "Logical ports in any state but plugged, by state and code of the reason.",
			[]string{"state", "reason"}},
		{"representord_port_warnings", Gauge, "Remarks on logical ports that don't change their state, by code.", []string{"reason"}},
		{"representord_holds", Gauge,
			"1 while removals wait because they look like a fault of the control plane, by the hold's code.", []string{"hold"}},
		{"representord_held_ports", Gauge, "Logical ports whose rows stay only because of a hold, by the hold's code.", []string{"hold"}},
		{"representord_hold_until_timestamp_seconds", Gauge,
			"When the removals that wait go ahead by themselves, in seconds since 1970. Absent without a hold.", []string{"hold"}},
		{"representord_built_in_provider_rows", Gauge, "Rows on the bridge with the mark of ovn-controller's built-in plug provider.", nil},
		{stepDuration, Histogram, "Duration of each step of a request, in seconds: commit, open, ovn-installed, up.", []string{"step"}},

		{"representord_changes_total", Counter, "Changes to the bridge, by result: committed or refused.", []string{"result"}},
		{"representord_change_retries_total", Counter, "Changes that were tried after they had been refused.", nil},
		{"representord_transactions_total", Counter, "Transactions sent to the local database; each has many changes where it can.", nil},
		{"representord_transaction_splits_total", Counter, "Transactions that failed and were tried again in parts.", nil},
		{"representord_retargets_total", Counter, "Plugged ports whose request came to name another function.", nil},
		{"representord_leaks_closed_total", Counter, "Rows removed because their netdev was not their function's any more.", nil},
	}
}

// aboutSources lists those about the databases, what it takes to reach them, the companions and the card; and those
// that every program has, under the names that they have everywhere.
func aboutSources() []Metric {
	source := []string{"source"}
	return []Metric{
		{"representord_database_connected", Gauge, "1 while a database is connected and what is known of it is whole: local or southbound.",
			[]string{"database"}},
		{"representord_database_last_sync_timestamp_seconds", Gauge,
			"When what is known of a database was last what is in it, in seconds since 1970: now while it is connected. Absent before it ever was.",
			[]string{"database"}},
		{"representord_local_database_connections_total", Counter, "Connections made to the local database.", nil},
		{"representord_bridge_found", Gauge, "1 if the integration bridge exists.", nil},
		{"representord_chassis_found", Gauge, "1 if the Southbound has our Chassis row.", nil},
		{"representord_tls_file_readable", Gauge,
			"1 if a certificate file that is in use can be read, by file and what it is used as: certificate or ca-cert.", []string{"file", "use"}},
		{"representord_tls_certificate_expiry_timestamp_seconds", Gauge,
			"When the first certificate of a file ends, in seconds since 1970. Absent for a file that can't be read.", []string{"file", "use"}},
		{"representord_companion_answers", Gauge, "1 if a program that must run beside the daemon answers on its control socket: ovs-vswitchd " +
			"or ovn-controller. Absent while that can't be told.", []string{"companion"}},

		{"representord_card_complete", Gauge, "1 if all of the card was read.", nil},
		{"representord_devlink_ports", Gauge,
			"Ports of devlink, by flavour and controller; the controller is empty for ports that don't say theirs.",
			[]string{"flavour", "controller"}},
		{"representord_ambiguous_macs", Gauge, "MACs that name more than one PF, so that a request with one can't be followed by it alone.", nil},
		{"representord_netlink_reads_total", Counter, "Full dumps that were asked for, by source: devlink or rtnetlink.", source},
		{"representord_netlink_read_failures_total", Counter, "Full dumps that failed.", source},
		{"representord_netlink_redumps_total", Counter, "Dumps that the kernel said were interrupted, and that were repeated.", source},
		{"representord_netlink_malformed_total", Counter,
			"Ports or netdevs that were left out of dumps because they could not be made sense of.", source},
		{"representord_netlink_events_total", Counter, "Notifications that mattered.", source},
		{"representord_netlink_overruns_total", Counter, "Times that the kernel dropped notifications because we were too slow.", source},
		{"representord_netlink_subscription_failures_total", Counter,
			"Times that the subscription to notifications broke or could not be had.", source},

		{"process_start_time_seconds", Gauge, "When the process started, in seconds since 1970.", nil},
		{"process_cpu_seconds_total", Counter, "CPU time that the process used, in seconds.", nil},
		{"process_resident_memory_bytes", Gauge, "Resident memory, in bytes.", nil},
		{"process_open_fds", Gauge, "Open file descriptors.", nil},
		{"process_max_fds", Gauge, "Most file descriptors that may be open.", nil},
		{"go_goroutines", Gauge, "Goroutines.", nil},
		{"go_memstats_heap_alloc_bytes", Gauge, "Memory of the heap's objects, in bytes.", nil},
	}
}

// family is what the library wants of a metric.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

// families are those of the metrics that Collect makes.
func families() map[string]family {
	kinds := map[Type]prometheus.ValueType{Counter: prometheus.CounterValue, Gauge: prometheus.GaugeValue}
	m := map[string]family{}
	for _, x := range All() {
		if kind, ok := kinds[x.Type]; ok {
			m[x.Name] = family{prometheus.NewDesc(x.Name, x.Help, x.Labels, nil), kind}
		}
	}
	return m
}
