package ovn

import (
	"context"
	"errors"
)

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
	server, err := DialServer(ctx, Database, o)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if server.State() == nil {
		return nil, errNoDatabase
	}
	sc, err := readSchema(ctx, server)
	if err != nil {
		return nil, err
	}
	conn, err := dialModel(ctx, sc, o)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	found, err := Select(ctx, conn, RowsWhere(TableChassis, nil, chassisColumns()...))
	if err != nil {
		return nil, err
	}
	all := make([]Chassis, 0, len(found[0]))
	for _, row := range As[*Chassis](found[0]) {
		all = append(all, *row)
	}
	return all, nil
}
