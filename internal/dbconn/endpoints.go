package dbconn

import (
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// SplitEndpoints takes a list of endpoints apart. A comma separates only where a
// connection method follows, since the path of a socket may have commas; white
// space around an endpoint doesn't matter; and "cid:<uuid>" names the cluster, not
// an endpoint (ovsdb_session_parse_remote in OVS' lib/ovsdb-session.c).
func SplitEndpoints(list string) []string {
	const space = " \t\r\n"
	var all []string
	add := func(s string) {
		if s = strings.Trim(s, space); s != "" && !isClusterID(s) {
			all = append(all, s)
		}
	}
	start := 0
	for i := range len(list) {
		if list[i] == ',' && startsMethod(strings.TrimLeft(list[i+1:], " \t")) {
			add(list[start:i])
			start = i + 1
		}
	}
	add(list[start:])
	return all
}

// startsMethod reports whether text begins like "tcp:".
func startsMethod(s string) bool {
	n := 0
	for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
		n++
	}
	return n > 0 && n < len(s) && s[n] == ':'
}

// isClusterID recognizes "cid:" and a UUID (RFC 9562).
func isClusterID(s string) bool {
	id, ok := strings.CutPrefix(s, "cid:")
	return ok && isUUID(id)
}

// isUUID recognizes a UUID as text, RFC 9562, 4.
func isUUID(id string) bool { return ovsdb.IsValidUUID(strings.ToLower(id)) }
