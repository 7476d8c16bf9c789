package hypervisor

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Libvirt is a version of libvirt, 0 for none that is found.
type Libvirt int

// The versions that matter, as libvirt writes them: major * 1000000 + minor * 1000 +
// release.
const (
	// libvirtVPD is the first that reads VPD (7.9.0), without which Nova has no
	// remote-managed ports (supports_remote_managed_ports in nova/virt/libvirt/host.py).
	libvirtVPD Libvirt = 7009000
	// libvirtVLAN is the first that goes on when a driver refuses to clear a VF's VLAN
	// (8.1.0).
	libvirtVLAN Libvirt = 8001000
)

// String writes the version with dots.
func (v Libvirt) String() string {
	return fmt.Sprintf("%d.%d.%d", v/1000000, v/1000%1000, v%1000)
}

// findLibvirt finds the libvirt that is installed below a root, by the name of its
// library: libvirt.so.0.MMNNN.R.
func findLibvirt(root string) Libvirt {
	var newest Libvirt
	for _, dir := range []string{"usr/lib", "usr/lib64", "usr/lib/*", "usr/local/lib", "usr/local/lib64", "usr/local/lib/*"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "libvirt.so.0.*.*"))
		if err != nil {
			continue
		}
		for _, f := range files {
			minor, release, _ := strings.Cut(strings.TrimPrefix(filepath.Base(f), "libvirt.so.0."), ".")
			m, err1 := strconv.ParseUint(minor, 10, 20)
			r, err2 := strconv.ParseUint(release, 10, 10)
			if err1 == nil && err2 == nil && r < 1000 {
				newest = max(newest, Libvirt(m*1000+r))
			}
		}
	}
	return newest
}
