package ovs

import (
	"context"

	"github.com/representord/representord/internal/dbconn"
)

// Versions are those of Open vSwitch as its local database tells them.
type Versions struct {
	// OpenVSwitch is ovs_version of the table Open_vSwitch, such as "3.1.0", which
	// ovs-ctl writes when it starts the daemons; empty where something else starts them.
	OpenVSwitch string
	// Schema is that of the database.
	Schema string
}

// ReadVersions asks the database once, on a connection of its own.
func ReadVersions(ctx context.Context, o Options) (Versions, error) {
	d, err := o.dial()
	if err != nil {
		return Versions{}, err
	}
	root, schema, err := dbconn.ReadRoot(ctx, database, tableRoot, []string{"ovs_version"}, d)
	if err != nil {
		return Versions{}, err
	}
	v := Versions{Schema: schema}
	v.OpenVSwitch, _ = root["ovs_version"].(string) // an empty set where it was never written
	return v, nil
}
