package hypervisor

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Software is what is installed here of what takes part in a binding. It may run in a
// container instead, or on another machine, and isn't found then.
type Software struct {
	// All are the newest that are installed, zero for none.
	Libvirt, Nova, Neutron Release
}

// FindSoftware finds what is installed below a root, by the names of files.
func FindSoftware(root string) Software {
	return Software{Libvirt: findLibvirt(root), Nova: findRelease(root, "nova"), Neutron: findRelease(root, "neutron")}
}

// libvirtVPD is the first libvirt that reads VPD, without which Nova has no remote-managed ports
// (supports_remote_managed_ports in nova/virt/libvirt/host.py).
func libvirtVPD() Release { return Release{7, 9, 0} }

// libvirtVLAN is the first libvirt that goes on when a driver refuses to clear a VF's VLAN.
func libvirtVLAN() Release { return Release{8, 1, 0} }

// Release is a version of libvirt or of a project of OpenStack.
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
	return newest(root, []string{
		"usr/lib/python3*", "usr/lib64/python3*", "usr/local/lib/python3*",
		"opt/*/lib/python3*", "openstack/venvs/*/lib/python3*", "var/lib/openstack/lib/python3*", "snap/*/current/lib/python3*",
		"snap/*/current/usr/lib/python3*",
	}, "*-packages/"+project+"-*.*-info", func(name string) (Release, bool) {
		version, isEgg := strings.CutSuffix(name, ".egg-info")
		version, isDist := strings.CutSuffix(version, ".dist-info")
		if isEgg == isDist {
			return Release{}, false
		}
		return parseRelease(strings.TrimPrefix(version, project+"-"))
	})
}

// findLibvirt finds libvirt by the name of its library: libvirt.so.0.MMNNN.R.
func findLibvirt(root string) Release {
	dirs := []string{"usr/lib", "usr/lib64", "usr/lib/*", "usr/local/lib", "usr/local/lib64", "usr/local/lib/*"}
	return newest(root, dirs, "libvirt.so.0.*.*", func(name string) (Release, bool) {
		minor, release, _ := strings.Cut(strings.TrimPrefix(name, "libvirt.so.0."), ".")
		m, err1 := strconv.ParseUint(minor, 10, 20)
		r, err2 := strconv.ParseUint(release, 10, 10)
		return Release{int(m / 1000), int(m % 1000), int(r)}, err1 == nil && err2 == nil && r < 1000
	})
}

// newest is the newest version that the names of files say, which are those of a pattern in
// directories below a root.
func newest(root string, dirs []string, pattern string, version func(name string) (Release, bool)) Release {
	var found Release
	for _, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(root, dir, pattern)) // only a pattern may be wrong
		for _, f := range files {
			if r, ok := version(filepath.Base(f)); ok && r.compare(found) > 0 {
				found = r
			}
		}
	}
	return found
}
