// Package card joins what devlink, rtnetlink, sysfs and udev say of the card into
// one snapshot, and keeps it up to date.
package card

import (
	"cmp"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/representord/representord/representor"
)

// Options make a Watcher, or are read with once. The zero value is usable.
type Options struct {
	// Log is where changes of what can be known are told; nil for nowhere.
	Log *slog.Logger
	// Notify is called after every change of Index, from any goroutine. It must not
	// block.
	Notify func()
	// Settings are those of the index.
	Settings representor.Settings
	// SysfsRoot is where sysfs is mounted, "/sys" when empty.
	SysfsRoot string
	// UdevRoot is udev's runtime directory, "/run/udev" when empty.
	UdevRoot string
	// Audit is the longest time between two full reads, at least a second; zero means
	// a minute. It bounds how long something may go unseen that the kernel didn't
	// notify of, such as another address of the host's PF.
	Audit time.Duration
}

// withDefaults fills in what was left out, and checks the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func() {}
	}
	o.SysfsRoot = cmp.Or(o.SysfsRoot, "/sys")
	o.UdevRoot = cmp.Or(o.UdevRoot, "/run/udev")
	o.Audit = cmp.Or(o.Audit, time.Minute)
	for name, root := range map[string]string{"sysfs root": o.SysfsRoot, "udev root": o.UdevRoot} {
		if !filepath.IsAbs(root) {
			return o, fmt.Errorf("the %s %q is not an absolute path", name, root)
		}
	}
	if o.Audit < time.Second {
		return o, fmt.Errorf("an audit every %v is too often; at least a second must lie between two", o.Audit)
	}
	return o, nil
}
