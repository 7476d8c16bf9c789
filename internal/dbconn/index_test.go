package dbconn_test

import (
	"testing"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/test/servers"
)

// iface is a row of Interface without the column of the table's index, name.
type iface struct {
	UUID string `ovsdb:"_uuid"`
	Type string `ovsdb:"type"`
}

func TestIndex_NeedsNoColumnsInAModel(t *testing.T) {
	d := servers.OpenVSwitch(t)
	m, err := model.NewClientDBModel("Open_vSwitch", map[string]model.Model{"Interface": &iface{}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := dbconn.Dial(t.Context(), m, dbconn.Options{Endpoint: d.Endpoint, Probe: patient})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	row := &iface{}
	if err := c.Monitor(t.Context(), c.NewMonitor(client.WithTable(row, &row.Type))); err != nil {
		t.Error(err)
	}
}
