package main

import (
	"context"
	"net"
	"net/http"
	"slices"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/metrics"
	"github.com/representord/representord/internal/ovn"
)

// snapshot puts together what one scrape is made of. It never blocks.
func (s *service) snapshot() metrics.Snapshot {
	f := s.facts()
	var remotes []string
	if id := s.standing.Load().id; id != nil {
		remotes = id.Remotes
	}
	return metrics.Snapshot{
		Facts:  f,
		Card:   s.Devices.Counters(),
		Switch: s.Local.Counters(),
		Audit:  s.Config.Audit,
		TLS:    certificateFiles(s.Config, remotes, agent.SouthboundFiles(s.Config, f.Local.SSL)),
	}
}

// certificateFiles lists the certificate files that are in use, each once.
func certificateFiles(cfg config.Config, remotes []string, southbound ovn.TLSFiles) []metrics.TLSFile {
	var files []metrics.TLSFile
	add := func(f dbconn.TLSFiles) {
		for _, one := range []metrics.TLSFile{{File: f.Certificate, Use: metrics.Certificate}, {File: f.CACert, Use: metrics.CACert}} {
			if one.File != "" && !slices.Contains(files, one) {
				files = append(files, one)
			}
		}
	}
	if slices.ContainsFunc(remotes, dbconn.NeedsTLS) {
		add(southbound)
	}
	if dbconn.NeedsTLS(cfg.OVSDB) {
		add(agent.Configured(cfg))
	}
	return files
}

// expose lets metrics be read over TCP, if that is wanted. Where that fails the ports are kept all
// the same, and it is tried again: the machine may be yet to get the address.
func (s *service) expose(ctx context.Context, handler http.Handler) error {
	if s.Config.MetricsListen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle(api.PathMetrics, handler)
	return forEver(ctx, func(err error) {
		s.Log.Warn("metrics can't be read over TCP; retrying", "error", err)
	}, func(began func()) error {
		var listen net.ListenConfig
		listener, err := listen.Listen(ctx, "tcp", s.Config.MetricsListen)
		if err != nil {
			return err
		}
		s.Log.Info("metrics can be read", "address", s.Config.MetricsListen)
		began()
		return api.Serve(ctx, listener, mux, s.Log)
	})
}
