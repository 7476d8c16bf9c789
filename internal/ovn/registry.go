package ovn

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/cardserial"
)

// Chassis is a row of the Southbound's table Chassis.
type Chassis struct {
	Name     string
	Hostname string
	// CMSOptions are the entries of ovn-cms-options, where cards are published.
	CMSOptions []string
	// HiddenFromOldNeutron: cards are published where a cardserial.OldNeutron doesn't look.
	HiddenFromOldNeutron bool
}

// ListChassis reads who is registered in the Southbound, from the first server of
// the configuration that answers, and gives that server. It keeps no connection.
func ListChassis(ctx context.Context, c Config) (all []Chassis, endpoint string, err error) {
	if len(c.Remotes) == 0 {
		return nil, "", errors.New("the Southbound's address is not known")
	}
	var problems []error
	for _, endpoint := range c.Remotes {
		all, err := listChassis(ctx, c, endpoint)
		if err == nil {
			return all, endpoint, nil
		}
		problems = append(problems, errors.New(problemOf(endpoint, c.TLS.Explain(err))))
	}
	return nil, "", errors.Join(problems...)
}

func listChassis(ctx context.Context, c Config, endpoint string) ([]Chassis, error) {
	ctx, cancel := context.WithTimeout(ctx, c.establish())
	defer cancel()
	o, err := c.dialOptions(endpoint, nil)
	if err != nil {
		return nil, err
	}
	conn, _, err := dialShaped(ctx, shape{additional: true}, o)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	results, err := conn.Transact(ctx, ovsdb.Operation{
		Op: ovsdb.OperationSelect, Table: tableChassis, Columns: []string{"name", "hostname", "external_ids", "other_config"},
		// The library leaves out an empty condition.
		Where: []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionNotEqual, "")},
	})
	if err != nil {
		return nil, err
	}
	rows, err := selected(results, 0)
	if err != nil {
		return nil, err
	}
	all := make([]Chassis, 0, len(rows))
	for _, r := range rows {
		f := fields{row: r}
		row := Chassis{Name: f.text("name"), Hostname: f.text("hostname")}
		options, old := f.texts("other_config"), f.texts("external_ids")
		if f.err != nil {
			return nil, fmt.Errorf("table Chassis: %w", f.err)
		}
		row.CMSOptions = splitOptions(cardserial.OptionsOf(options, old))
		row.HiddenFromOldNeutron = cardserial.HiddenFromOldNeutron(options, old)
		all = append(all, row)
	}
	return all, nil
}

// splitOptions takes ovn-cms-options apart.
func splitOptions(list string) []string {
	var all []string
	for entry := range strings.SplitSeq(list, ",") {
		if entry != "" {
			all = append(all, entry)
		}
	}
	return all
}
