package hypervisor

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Software is what is installed here of what takes part in a binding. It may run in a
// container instead, or on another machine, and isn't found then.
type Software struct {
	Libvirt Libvirt
	// Nova and Neutron are the newest that are installed, zero for none.
	Nova, Neutron Release
}

// FindSoftware finds what is installed below a root, by the names of files.
func FindSoftware(root string) Software {
	return Software{Libvirt: findLibvirt(root), Nova: findRelease(root, "nova"), Neutron: findRelease(root, "neutron")}
}

// Release is a version of a project of OpenStack.
type Release struct{ Major, Minor, Patch int }

// String writes the version with dots; that of none is empty.
func (r Release) String() string {
	if r == (Release{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", r.Major, r.Minor, r.Patch)
}

func (r Release) compare(s Release) int {
	return cmp.Or(cmp.Compare(r.Major, s.Major), cmp.Compare(r.Minor, s.Minor), cmp.Compare(r.Patch, s.Patch))
}

// parseRelease reads three numbers, after which anything may follow a dot or a hyphen,
// such as .dev12.
func parseRelease(s string) (Release, bool) {
	var r Release
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '.' || c == '-' })
	if len(parts) < 3 {
		return r, false
	}
	for i, to := range []*int{&r.Major, &r.Minor, &r.Patch} {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil {
			return Release{}, false
		}
		*to = int(n)
	}
	return r, true
}

// findRelease finds a Python package by the directory of its metadata:
// NAME-VERSION.egg-info, which may have -pyX.Y before its end, or NAME-VERSION.dist-info.
func findRelease(root, project string) Release {
	var found []Release
	for _, dir := range []string{
		"usr/lib/python3*", "usr/lib64/python3*", "usr/local/lib/python3*",
		"opt/*/lib/python3*", "openstack/venvs/*/lib/python3*", "var/lib/openstack/lib/python3*", "snap/*/current/lib/python3*",
		"snap/*/current/usr/lib/python3*",
	} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*-packages", project+"-*.*-info"))
		if err != nil {
			continue
		}
		for _, f := range files {
			name := strings.TrimPrefix(filepath.Base(f), project+"-")
			version, isEgg := strings.CutSuffix(name, ".egg-info")
			if !isEgg {
				var isDist bool
				if version, isDist = strings.CutSuffix(name, ".dist-info"); !isDist {
					continue
				}
			}
			if r, ok := parseRelease(version); ok {
				found = append(found, r)
			}
		}
	}
	if len(found) == 0 {
		return Release{}
	}
	return slices.MaxFunc(found, Release.compare)
}
