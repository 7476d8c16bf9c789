package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
)

// maxOverride bounds what is read of system-id-override, in bytes. Its first line counts.
const maxOverride = 4096

// ReadOverride reads the file that names the chassis before the database does, and when it
// changed last; empty when there is none. As in ovn-controller that is done once, at start.
func ReadOverride(path string) (text string, modified time.Time, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", modified, nil
	}
	if err != nil {
		return "", modified, fmt.Errorf("chassis name: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", modified, fmt.Errorf("chassis name: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxOverride))
	if err != nil {
		return "", modified, fmt.Errorf("chassis name: %w", err)
	}
	return string(b), info.ModTime(), nil
}

// Identify works out who we are from the local database, and whether that is
// somebody else than before. A database that isn't known as a whole says nothing.
func (a *Agent) Identify(local ovs.View) (id config.Identity, changed bool) {
	if !local.Complete {
		return id, false
	}
	hostname, err := os.Hostname()
	if err != nil {
		a.Log.Debug("the kernel doesn't tell the host's name", "error", err)
	}
	id = config.Identify(local.ExternalIDs, a.Config, a.override, hostname)
	return id, a.identity == nil || !reflect.DeepEqual(id, *a.identity)
}

// Become takes on an identity.
func (a *Agent) Become(id config.Identity) {
	a.Log.Info("local identity", "chassis", id.Chassis, "hostname", id.Hostname, "bridge", id.Bridge, "southbound", id.Remotes)
	for _, problem := range id.Problems {
		a.Log.Warn("local identity is incomplete", "why", problem)
	}
	a.identity = &id
	a.Local.SetBridge(id.Bridge)
}

// Identity is what Become was called with last, nil before. It is not modified.
func (a *Agent) Identity() *config.Identity { return a.identity }

// Configured are the TLS files that our own settings name.
func Configured(cfg config.Config) dbconn.TLSFiles {
	return dbconn.TLSFiles{
		PrivateKey: cfg.PrivateKey, Certificate: cfg.Certificate, CACert: cfg.CACert, VerifyHost: cfg.VerifyHostName,
	}
}

// SouthboundFiles are the TLS files for the Southbound. As in ovn-controller the SSL
// row of the database, where there is one, wins as a whole: half of it with half of
// our settings would be nobody's intention.
func SouthboundFiles(cfg config.Config, ssl ovs.SSL) ovn.TLSFiles {
	files := ovn.TLSFiles{PrivateKey: ssl.PrivateKey, Certificate: ssl.Certificate, CACert: ssl.CACert}
	if ssl == (ovs.SSL{}) {
		files = Configured(cfg)
	}
	files.VerifyHost = cfg.VerifyHostName
	return files
}

// Configure tells the Southbound who we are and where it is, also what it knows already.
func (a *Agent) Configure(id config.Identity, ssl ovs.SSL) {
	a.Southbound.Configure(southbound.Config{
		Chassis:  id.Chassis,
		Hostname: id.Hostname,
		Servers:  ovn.Servers{Remotes: id.Remotes, TLS: SouthboundFiles(a.Config, ssl), Probe: a.Config.Probe},
	})
}
