package devlink

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// newHandle checks the two parts of a handle. The kernel takes them from names of
// directories in sysfs; the text of an identity relies on their being plain.
func newHandle(bus, device string) (Handle, error) {
	for _, part := range []struct{ name, value string }{{"bus", bus}, {"device", device}} {
		if part.value == "" {
			return Handle{}, fmt.Errorf("no %s name", part.name)
		}
		for _, r := range part.value {
			if r <= ' ' || r == '/' || r > '~' {
				return Handle{}, fmt.Errorf("%s name %s holds %q; a printable name without slash was expected",
					part.name, reason.Quote(part.value), r)
			}
		}
	}
	return Handle{Bus: bus, Device: device}, nil
}

// MarshalText gives what String gives.
func (h Handle) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads that, and refuses what can't be a handle of the kernel's.
func (h *Handle) UnmarshalText(text []byte) error {
	bus, device, _ := strings.Cut(string(text), "/")
	var err error
	*h, err = newHandle(bus, device)
	return err
}
