package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// examinePatience bounds what each source may take; together they are asked within
// the patience of a command.
const examinePatience = 5 * time.Second

// companionPatience bounds how long a companion's answer is waited for.
const companionPatience = 3 * time.Second

// examine reads everything that the doctor looks at. The daemon is where the flags say, or else
// its configuration.
func (p *program) examine(ctx context.Context, file string, flags *pflag.FlagSet) doctor.Host {
	h := doctor.Host{Now: p.now(), Version: p.version, Kernel: kernelRelease()}
	h.Config, h.ConfigErr = loadConfig(file, flags.Changed("config"))
	if !flags.Changed("control-socket") {
		p.socket = h.Config.ControlSocket
	}
	h.Sockets = lookAtSockets(p.socket, h.Config.OVSDB)
	var group sync.WaitGroup
	read := func(patience time.Duration, source func(context.Context, *doctor.Host)) {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			source(ctx, &h)
		})
	}
	read(examinePatience, p.examineCard)
	read(examinePatience, p.examineDaemon)
	read(2*examinePatience, examineDatabases)
	read(examinePatience, func(ctx context.Context, h *doctor.Host) {
		h.Datapath, h.DatapathErr = p.readDatapath(ctx, datapath.System)
	})
	for _, search := range p.companions(h.Config.OVSDB) {
		seen := map[string]*companion.Sight{companion.VSwitchd: &h.VSwitchd, companion.Controller: &h.Controller}[search.Name]
		group.Go(func() { *seen = search.Look(ctx, companionPatience) })
	}
	group.Wait()
	h.DropIn = findDropIn(h.Controller.Unit, unitDirs())
	return h
}

// loadConfig gives the daemon's configuration, its defaults where that is wrong.
func loadConfig(file string, named bool) (config.Config, error) {
	c, err := daemonConfig(file, named)
	if err != nil {
		var usual error
		c, usual = daemonConfig(os.DevNull, true)
		err = errors.Join(err, usual)
	}
	return c, err
}

func (p *program) examineCard(ctx context.Context, h *doctor.Host) {
	h.Card, h.CardErr = p.readCard(ctx, representor.Settings{LocalFunctions: h.Config.LocalFunctions})
	if h.CardErr != nil && len(h.Card.Ports) == 0 {
		h.EswitchErr = h.CardErr
		return
	}
	h.CardErr = nil // the card itself says that it isn't complete
	// A device in legacy mode may have no port at all.
	h.Eswitches, h.EswitchErr = p.readEswitches(ctx)
}

// readEswitches asks the kernel for the mode of each device. A device that has no
// eswitch is left out.
func readEswitches(ctx context.Context) (map[devlink.Handle]doctor.Eswitch, error) {
	c := devlink.New()
	defer c.Close()
	devices, err := c.Devices(ctx)
	if err != nil {
		return nil, err
	}
	all := map[devlink.Handle]doctor.Eswitch{}
	for _, h := range devices {
		mode, err := c.EswitchMode(ctx, h)
		if !errors.Is(err, errors.ErrUnsupported) {
			all[h] = doctor.Eswitch{Mode: mode, Err: err}
		}
	}
	return all, nil
}

func (p *program) examineDaemon(ctx context.Context, h *doctor.Host) {
	s, err := p.client().Status(ctx)
	if h.DaemonErr = err; err != nil {
		return
	}
	h.Daemon = &s
	if allowed, err := netAdmin(strconv.Itoa(s.PID)); err == nil {
		h.DaemonNetAdmin = &allowed
	}
}

func examineDatabases(ctx context.Context, h *doctor.Host) {
	c := h.Config
	local := ovs.Options{Endpoint: c.OVSDB, TLS: agent.Configured(c), Probe: c.Probe}
	override, modified, overrideErr := agent.ReadOverride(c.SystemIDOverride())
	hostname, hostnameErr := os.Hostname()
	h.OverrideModified, h.ConfigErr = modified, errors.Join(h.ConfigErr, overrideErr, hostnameErr)
	identify := func(v ovs.View) config.Identity { return config.Identify(v.ExternalIDs, c, override, hostname) }
	if h.Local, h.LocalErr = readLocal(ctx, local, identify); h.LocalErr != nil {
		return
	}
	h.Identity = identify(h.Local)
	h.OVS, h.OVSErr = ovs.ReadVersions(ctx, local)
	files := agent.SouthboundFiles(c, h.Local.SSL)
	if h.TLS = slices.ContainsFunc(append([]string{c.OVSDB}, h.Identity.Remotes...), dbconn.NeedsTLS); h.TLS {
		h.Own, h.CA, h.TLSErr = files.Validity()
	}
	sb := ovn.Servers{Remotes: h.Identity.Remotes, TLS: files, Probe: c.Probe}
	if h.Chassis, h.Server, h.ChassisErr = ovn.ListChassis(ctx, sb); h.ChassisErr == nil {
		h.OVN, h.OVNErr = ovn.ReadVersions(ctx, sb, h.Server)
	}
}

// readLocal reads the local database once, with the bridge that its own settings name.
func readLocal(ctx context.Context, o ovs.Options, identify func(ovs.View) config.Identity) (ovs.View, error) {
	accepted := false
	// The first connection tells at once what is wrong; a Switch would try again and again.
	if path, ok := strings.CutPrefix(o.Endpoint, "unix:"); ok {
		if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
			return ovs.View{}, &fs.PathError{Op: "connect", Path: path, Err: err}
		}
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		switch {
		case errors.Is(err, unix.EAGAIN): // so many wait already
			return ovs.View{}, doctor.ErrSilent
		case err != nil:
			return ovs.View{}, err
		}
		_ = conn.Close()
		accepted = true
	}
	ctx, cancel := context.WithTimeout(ctx, examinePatience)
	defer cancel()
	changed := retry.NewPoke()
	o.Notify = changed.Wake
	s := ovs.New(o)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for {
		v := s.View()
		if v.Complete {
			bridge := identify(v).Bridge
			if v.Bridge == bridge {
				return v, nil
			}
			s.SetBridge(bridge)
		}
		select {
		case <-ctx.Done():
			if accepted {
				return v, fmt.Errorf("%w in %s: %s", doctor.ErrSilent, examinePatience, s.View().Problem)
			}
			return v, fmt.Errorf("not read in %s: %s", examinePatience, s.View().Problem)
		case <-changed:
		}
	}
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// netAdmin tells whether a process has CAP_NET_ADMIN in effect, by the line CapEff of
// proc_pid_status(5).
func netAdmin(process string) (bool, error) {
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		return false, err
	}
	_, effective, there := strings.Cut(string(status), "\nCapEff:")
	if !there {
		return false, errors.New("/proc has no line CapEff")
	}
	hex, _, _ := strings.Cut(effective, "\n")
	set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
	return set&(1<<unix.CAP_NET_ADMIN) != 0, err
}
