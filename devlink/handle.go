package devlink

import (
	"fmt"
	"strings"
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
				return Handle{}, fmt.Errorf("%s name %q holds %q; a printable name without slash was expected", part.name, bounded(part.value), r)
			}
		}
	}
	return Handle{Bus: bus, Device: device}, nil
}

// bounded cuts a string that others chose for use in a message.
func bounded(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
