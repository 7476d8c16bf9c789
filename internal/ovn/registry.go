package ovn

import (
	"context"
	"errors"
)

// ListChassis reads who is registered in the Southbound, from the first server
// that answers, and gives that server. It keeps no connection.
func ListChassis(ctx context.Context, s Servers) (all []Chassis, endpoint string, err error) {
	if len(s.Remotes) == 0 {
		return nil, "", errors.New("the Southbound's address is not known")
	}
	var problems []error
	for _, endpoint := range s.Remotes {
		all, err := listChassis(ctx, s, endpoint)
		if err == nil {
			return all, endpoint, nil
		}
		problems = append(problems, errors.New(Problem(endpoint, s.TLS.Explain(err))))
	}
	return nil, "", errors.Join(problems...)
}

func listChassis(ctx context.Context, s Servers, endpoint string) ([]Chassis, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience())
	defer cancel()
	o, err := s.DialOptions(endpoint, nil)
	if err != nil {
		return nil, err
	}
	server, err := DialServer(ctx, Database, o)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if server.State() == nil {
		return nil, ErrNoDatabase
	}
	sc, err := ReadSchema(ctx, server)
	if err != nil {
		return nil, err
	}
	conn, err := sc.Dial(ctx, o)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	found, err := Select(ctx, conn, RowsWhere(TableChassis, nil, ChassisColumns()...))
	if err != nil {
		return nil, err
	}
	all := make([]Chassis, 0, len(found[0]))
	for _, row := range As[*Chassis](found[0]) {
		all = append(all, *row)
	}
	return all, nil
}
