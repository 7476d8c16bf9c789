package dbconn

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/reason"
)

// defaultPort is OVSDB's own port, registered with IANA: ovs-vsctl and
// ovn-controller use it where an endpoint names none.
const defaultPort = "6640"

// CheckEndpoint tells whether a server can be reached under that name: an active
// connection method of ovsdb(7), "unix:<absolute path>", "tcp:<host>[:<port>]" or
// "ssl:<host>[:<port>]", an IPv6 address in brackets. The error says what is
// wrong and what is wanted.
func CheckEndpoint(endpoint string) error {
	_, err := canonical(endpoint)
	return err
}

// NeedsTLS tells whether connecting to the endpoint takes a private key, a
// certificate and a CA certificate.
func NeedsTLS(endpoint string) bool { return strings.HasPrefix(endpoint, "ssl:") }

// canonical gives the endpoint with everything that may be left out.
func canonical(endpoint string) (string, error) {
	method, rest, _ := strings.Cut(endpoint, ":")
	switch method {
	case "unix":
		if !strings.HasPrefix(rest, "/") {
			return "", refuse(endpoint, "the socket's path must be absolute, as in unix:/run/ovn/ovnsb_db.sock")
		}
		if strings.ContainsRune(rest, 0) {
			return "", refuse(endpoint, "a path can't hold a NUL")
		}
		return endpoint, nil
	case "tcp", "ssl":
		hostport, err := withPort(rest)
		if err != nil {
			return "", refuse(endpoint, err.Error())
		}
		return method + ":" + hostport, nil
	}
	return "", refuse(endpoint, "it must begin with unix:, tcp: or ssl:")
}

// withPort checks host and port, and adds the port where none is named.
func withPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.TrimSuffix(s, ":"), defaultPort
		if bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"); bracketed {
			host = host[1 : len(host)-1]
		} else if strings.Contains(host, ":") {
			return "", errors.New("an IPv6 address goes in brackets, as in ssl:[2001:db8::1]:6642")
		}
	}
	port = cmp.Or(port, defaultPort)
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || n == 0:
		return "", errors.New("the port must be a number from 1 to 65535")
	case host == "":
		return "", errors.New("it names no host")
	case strings.ContainsFunc(host, notInHost):
		return "", errors.New("the host's name has characters that no name or address has")
	}
	return net.JoinHostPort(host, port), nil
}

// notInHost leaves names, IPv4 and IPv6 addresses, and the zone of the latter.
func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_:%", r)
}

func refuse(endpoint, why string) error {
	return fmt.Errorf("database endpoint %s: %s", reason.Quote(endpoint), why)
}

// SplitEndpoints takes a list of endpoints apart. A comma separates only where a
// connection method follows, since the path of a socket may have commas; white
// space around an endpoint doesn't matter; and "cid:<uuid>" names the cluster, not
// an endpoint (ovsdb_session_parse_remote in OVS' lib/ovsdb-session.c).
func SplitEndpoints(list string) []string {
	const space = " \t\r\n"
	var all []string
	add := func(s string) {
		s = strings.Trim(s, space)
		if id, cluster := strings.CutPrefix(s, "cid:"); s != "" && (!cluster || !isUUID(id)) {
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

// isUUID recognizes a UUID as text, RFC 9562, 4.
func isUUID(id string) bool { return ovsdb.IsValidUUID(strings.ToLower(id)) }
