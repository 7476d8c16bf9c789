package ovn

import (
	"context"
	"fmt"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/dbconn"
)

// keyNorthdVersion is where ovn-northd publishes ovn_get_internal_version() of OVN's
// lib/ovn-util.c: its release, the schema that it was built for, and numbers of its
// flows' actions, as in "23.03.1-20.27.0-70.6".
const keyNorthdVersion = "northd_internal_version"

// Versions are those that the Southbound tells of. ovn-controller publishes none.
type Versions struct {
	// Northd is ovn-northd's release, NorthdSchema the Southbound's schema that it was
	// built for; both are empty before it has written to the database.
	Northd       string
	NorthdSchema string
	// Schema is that of the database.
	Schema string
}

// ReadVersions asks one server once, on a connection of its own.
func ReadVersions(ctx context.Context, s Servers, endpoint string) (Versions, error) {
	o, err := s.DialOptions(endpoint, nil)
	if err != nil {
		return Versions{}, err
	}
	root, schema, err := dbconn.ReadRoot(ctx, Database, TableGlobal, []string{"options"}, o)
	if err != nil {
		return Versions{}, s.TLS.Explain(err)
	}
	v := Versions{Schema: schema}
	if root == nil {
		return v, nil
	}
	options, ok := root["options"].(ovsdb.OvsMap)
	if !ok {
		return v, fmt.Errorf("the server answered with column options missing or of a wrong type (%T)", root["options"])
	}
	version, _ := options.GoMap[keyNorthdVersion].(string)
	v.Northd, v.NorthdSchema = splitNorthdVersion(version)
	return v, nil
}

// splitNorthdVersion takes the internal version apart from behind: a release may have
// hyphens itself.
func splitNorthdVersion(s string) (release, schema string) {
	parts := strings.Split(s, "-")
	if len(parts) < 3 {
		return s, ""
	}
	return strings.Join(parts[:len(parts)-2], "-"), parts[len(parts)-2]
}
