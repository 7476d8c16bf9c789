package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/retry"
)

// socketPause is waited before the control socket is opened, or given to its group, again.
const socketPause = 2 * time.Second

// answer serves the control socket. Where that fails the ports are kept all the same, and it is tried
// again: the socket may be another representord's, which is about to end.
func (s *service) answer(ctx context.Context, scrapes http.Handler) error {
	server := &api.Server{
		Facts: s.facts, Release: s.Reconciler.ReleaseHold, Inquire: s.Southbound.Inquire, Poke: s.Reconciler.Poke,
		Events: s.Reconciler.Events, Level: s.level, Metrics: scrapes, Log: s.Log,
	}
	return forEver(ctx, func(err error) {
		s.Log.Warn("no answers on the control socket; retrying", "error", err)
	}, func(began func()) error {
		listener, err := api.Listen(ctx, s.Config.ControlSocket)
		if err != nil {
			return err
		}
		s.Log.Info("answering", "socket", s.Config.ControlSocket)
		began()
		return s.serve(ctx, server, listener)
	})
}

// forEver serves until the context ends, and then returns nil: what serves says when it has
// begun. Each cause why it can't, or has ended, is warned of once.
func forEver(ctx context.Context, warn func(error), serve func(began func()) error) error {
	var said retry.Said
	for ctx.Err() == nil {
		err := serve(func() { said = retry.Said{} })
		if err != nil && ctx.Err() == nil && said.IsNew(err.Error()) {
			warn(err)
		}
		retry.Sleep(ctx, socketPause)
	}
	return nil
}

// serve answers on a listener, for the group as soon as it can be had. Root is answered
// in any case: who looks into what is wrong needs that.
func (s *service) serve(ctx context.Context, server *api.Server, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var admitting sync.WaitGroup
	admitting.Go(func() { s.admit(ctx) })
	defer admitting.Wait()
	defer cancel()
	return server.Serve(ctx, listener)
}

// admit gives the control socket to the group that the settings name. A group may come
// later, from a directory service for instance, so it tries again and again.
func (s *service) admit(ctx context.Context) {
	if s.Config.ControlGroup == "" {
		return
	}
	var said retry.Said
	for first := true; ; first = false {
		err := api.Grant(s.Config.ControlSocket, s.Config.ControlGroup)
		if err == nil {
			s.access.Store(nil)
			if !first {
				s.Log.Info("the control socket is the group's now", "group", s.Config.ControlGroup)
			}
			return
		}
		if said.IsNew(err.Error()) {
			s.Log.Error("nobody but root may use the control socket: control-group can't be followed; retrying",
				"group", s.Config.ControlGroup, "error", err)
			s.access.Store(new("control-group can't be followed, so nobody but root may use the control socket: " + err.Error()))
		}
		if !retry.Sleep(ctx, socketPause) {
			return
		}
	}
}
