package servers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Cluster is a clustered database (RAFT): a few servers that agree. Kill and
// Restart are for its members as for any server; Wipe is not.
type Cluster struct {
	Members []*OVSDB

	database string
}

// NewCluster starts a cluster of that many members on a fresh database, and
// returns when all have joined.
func NewCluster(tb testing.TB, name, schema string, members int) *Cluster {
	tb.Helper()
	database, err := run("", "ovsdb-tool", "schema-name", schema)
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{database: database}
	var first string
	for i := range members {
		dir := Dir(tb)
		d := &OVSDB{
			Endpoint: "unix:" + filepath.Join(dir, name+".sock"), Dir: dir, Name: fmt.Sprint(name, "-", i+1), tb: tb, schema: schema,
		}
		address := "unix:" + filepath.Join(dir, "raft")
		create := []string{"ovsdb-tool", "join-cluster", d.File(), database, address, first}
		if i == 0 {
			first = address
			create = []string{"ovsdb-tool", "create-cluster", d.File(), schema, address}
		}
		if _, err := run(dir, create...); err != nil {
			tb.Fatal(err)
		}
		d.start()
		c.Members = append(c.Members, d)
	}
	for _, d := range c.Members {
		Until(tb, d.Name+" has joined the cluster", func() bool {
			out, err := c.status(d)
			return err == nil && strings.Contains(out, "Status: cluster member")
		})
	}
	return c
}

// Endpoints are those of the members.
func (c *Cluster) Endpoints() []string {
	var endpoints []string
	for _, d := range c.Members {
		endpoints = append(endpoints, d.Endpoint)
	}
	return endpoints
}

// Leader waits until one of the members leads the others, and gives it.
func (c *Cluster) Leader(tb testing.TB) *OVSDB {
	tb.Helper()
	var leader *OVSDB
	Until(tb, "the cluster has a leader", func() bool {
		for _, d := range c.Members {
			if out, err := c.status(d); err == nil && strings.Contains(out, "Role: leader") {
				leader = d
				return true
			}
		}
		return false
	})
	return leader
}

func (c *Cluster) status(d *OVSDB) (string, error) {
	// A member that was stopped must not be waited for without end, and one that only
	// waits for a processor must be.
	return run(d.Dir, "ovs-appctl", "--timeout=5", "--target="+filepath.Join(d.Dir, d.Name+".ctl"), "cluster/status", c.database)
}

// Follower waits until the cluster has a leader, and gives a member that isn't.
func (c *Cluster) Follower(tb testing.TB) *OVSDB {
	tb.Helper()
	leader := c.Leader(tb)
	for _, d := range c.Members {
		if d != leader {
			return d
		}
	}
	tb.Fatal("a cluster of one has no follower")
	return nil
}

// CutOff lets a member neither hear the others nor be heard by them, while it goes on
// to answer its clients. Rejoin ends that.
func (c *Cluster) CutOff(tb testing.TB, d *OVSDB) {
	tb.Helper()
	// raft_unixctl_failure_test() of ovsdb/raft.c.
	d.Tool(tb, "ovs-appctl", "--target="+filepath.Join(d.Dir, d.Name+".ctl"), "cluster/failure-test", "stop-raft-rpc")
}

// Rejoin undoes CutOff.
func (c *Cluster) Rejoin(tb testing.TB, d *OVSDB) {
	tb.Helper()
	d.Tool(tb, "ovs-appctl", "--target="+filepath.Join(d.Dir, d.Name+".ctl"), "cluster/failure-test", "clear")
}
