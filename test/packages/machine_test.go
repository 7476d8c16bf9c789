//go:build packages

package packages

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// machine runs a script, as root, on a machine of its own that is this one but for what the script
// changes, and gives what the script prints. within runs a command there; $upper has what was changed;
// /packages has two versions of the package. systemctl there enables and disables as ever; what it would
// ask systemd to do is written to /calls, and a service is active that was started and not stopped.
const machine = `
set -euo pipefail
mount -t tmpfs none /mnt
upper=/mnt/upper top=/mnt/top
mkdir $upper /mnt/work $top
mount -t overlay -o lowerdir=/,upperdir=$upper,workdir=/mnt/work none $top
mkdir $top/packages
mount --bind "$PACKAGES" $top/packages
mount --rbind /dev $top/dev
mount --rbind /proc $top/proc
within() { chroot $top env DEBIAN_FRONTEND=noninteractive "$@" </dev/null; }
rm -f $top/usr/sbin/policy-rc.d
mv $top/usr/bin/systemctl $top/usr/bin/systemctl.real
cat >$top/usr/bin/systemctl <<'END'
#!/bin/sh
case " $* " in
*' preset '* | *' disable '* | *' is-enabled '*) SYSTEMD_OFFLINE=1 exec systemctl.real "$@" ;;
*' is-active '*) exec test -e /active ;;
*' try-restart '*) ;;
*' start '* | *' restart '*) : >/active ;;
*' stop '*) rm -f /active ;;
esac
echo "$*" >>/calls
END
chmod 755 $top/usr/bin/systemctl
: >$top/calls
boot() { mkdir -p $top/run/systemd/system; }
calls() { sed "s/^/$1: /; s/--quiet //; s/--system //; s/ -- / /" $top/calls; : >$top/calls; }
# ours lists what is there of us, without what dpkg and rpm note of packages that were there.
ours() {
	find $upper \( -name '*representor*' -o -path '*/default/representord' \) ! -type c ! -path "*/packages/*" |
		sed "s|^$upper||" | sort
}
`

// newer packs what the newest package is made of as a version that is later than any other, so that
// there is something to upgrade to.
func newer(t *testing.T, dir, format string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), given(t, "NFPM"), "package", "--config", "-", "--packager", format, "--target", dir)
	cmd.Dir = filepath.Join(given(t, "WORK"), runtime.GOARCH)
	config := read(t, filepath.Join(cmd.Dir, "packaging/representord.yaml"))
	cmd.Stdin = strings.NewReader(strings.Replace(config, "\nchangelog:", "\n# changelog:", 1)) // as packaging/build has it
	cmd.Env = append(cmd.Environ(), "VERSION=99.0.0", "ARCH="+runtime.GOARCH, "MAINTAINER="+given(t, "MAINTAINER"))
	execute(t, cmd)
}

// onMachine runs a script with the packages of a format for this machine, called here old and new.
func onMachine(t *testing.T, format, script string) string {
	t.Helper()
	p, dir := pkg{"representord", runtime.GOARCH}, t.TempDir()
	path := p.deb(t)
	if format == "rpm" {
		path = p.rpm(t)
	}
	run(t, "cp", path, filepath.Join(dir, "old."+format))
	newer(t, dir, format)
	run(t, "bash", "-c", `mv "$1"/representord*99.0.0* "$1/new.$2"`, "mv", dir, format)
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "bash", "-c", machine+script)
	cmd.Env = append(cmd.Environ(), "PACKAGES="+dir)
	return execute(t, cmd)
}

func requireOutput(t *testing.T, got, want string) {
	t.Helper()
	if got, want = strings.TrimSpace(got), strings.TrimSpace(want); got != want {
		t.Errorf("the machine says\n%s\n\nwant\n%s", got, want)
	}
}

// hint is what an installation says, and gone what a removal does.
const (
	hint = `representord: from its next start on, ovn-controller leaves plugging to representord, and has no netlink: where
representord: it routes dynamically, does EVPN or, before OVN 23.06, shapes traffic, see representord(8) now.
representord: representorctl doctor says whether that start is due, and how ports and flows outlast it.
`
	gone = `representord: ports that it has plugged stay. None is removed any more when its request ends, or its name is another function's:
representord: ovs-vsctl --columns=name find Interface 'external_ids:representord-logical-port!=""' lists them.
representord: from its next start on, ovn-controller has its plug provider back, unless a drop-in of yours is there.
`
)

// debSteps are those of a package's life on Debian, with an administrator who has changed something.
const debSteps = `
enabled() { within systemctl is-enabled representord.service || true; }
dpkg() {
	said=$(within dpkg --force-confold "$@" 2>&1) || echo "dpkg $* fails: $said"
	grep '^representord:' <<<"$said" || true
}
dpkg --install /packages/old.deb; enabled; calls install
echo '# mine' >>$top/etc/default/representord
mkdir -p $top/run/representord; touch $top/run/representord/br-int.lock
dpkg --install /packages/new.deb; enabled; calls upgrade
tail -n 1 $top/etc/default/representord
dpkg --remove representord; calls remove
ours | grep -v /var/lib/
dpkg --install /packages/new.deb; calls again
tail -n 1 $top/etc/default/representord
dpkg --purge representord; calls purge
echo left: $(ours)
`

// What dpkg has left of a package that was removed, and not purged: its configuration, that its service
// is enabled, and locks.
const removed = `/etc/default/representord
/etc/representord
/etc/representord/representord.yaml
/etc/systemd/system/multi-user.target.wants/representord.service
/run/representord
`

func TestDeb_IsInstalledUpgradedRemovedAndPurgedUnderSystemd(t *testing.T) {
	requireOutput(t, onMachine(t, "deb", "boot"+debSteps), hint+`enabled
install: daemon-reload
install: start representord.service
enabled
upgrade: daemon-reload
upgrade: try-restart representord.service
# mine
`+gone+`remove: stop representord.service
remove: daemon-reload
`+removed+`again: daemon-reload
again: start representord.service
# mine
`+gone+`purge: stop representord.service
purge: daemon-reload
purge: daemon-reload
left:
`)
}

func TestDeb_IsInstalledUpgradedRemovedAndPurgedWhereSystemdDoesNotRun(t *testing.T) {
	requireOutput(t, onMachine(t, "deb", debSteps), hint+strings.Repeat("enabled\n", 2)+`# mine
`+gone+removed+`# mine
`+gone+`left:
`)
}

// A service that was stopped by hand may be so because ports are to stay while a Southbound is restored.
func TestDeb_AnUpgradeStartsNoServiceThatTheAdministratorHasStopped(t *testing.T) {
	for _, tt := range []struct{ stops, enabled string }{
		{"within systemctl stop representord.service", "enabled"},
		{"within systemctl disable representord.service 2>/dev/null; within systemctl stop representord.service", "disabled"},
	} {
		requireOutput(t, onMachine(t, "deb", `boot
within dpkg --install /packages/old.deb >/dev/null
`+tt.stops+`
: >$top/calls
within dpkg --install /packages/new.deb >/dev/null
within systemctl is-enabled representord.service || true
within systemctl is-active representord.service || echo it is not running
calls upgrade
`), tt.enabled+`
it is not running
upgrade: daemon-reload
upgrade: try-restart representord.service
`)
	}
}

const rpmSteps = `
enabled() { within systemctl is-enabled representord.service || true; }
rpm() { within rpm --nodeps --force-debian "$@" 2>&1; }
rpm --install /packages/old.rpm; enabled; calls install
within getent group openvswitch hugetlbfs | cut -d: -f1
echo '# mine' >>$top/etc/default/representord
mkdir -p $top/run/representord; touch $top/run/representord/br-int.lock
rpm --upgrade /packages/new.rpm; enabled; calls upgrade
tail -n 1 $top/etc/default/representord
rpm --erase representord; calls remove
echo left: $(ours)
`

// Where no preset says otherwise, as here, systemd enables a service; those of RHEL and Fedora don't.
func TestRPM_IsInstalledUpgradedAndErasedUnderSystemd(t *testing.T) {
	requireOutput(t, onMachine(t, "rpm", "boot"+rpmSteps), `representord: to run it: systemctl enable --now representord
`+hint+`enabled
install: daemon-reload
openvswitch
hugetlbfs
enabled
upgrade: daemon-reload
upgrade: try-restart representord.service
# mine
warning: /etc/default/representord saved as /etc/default/representord.rpmsave
`+gone+`remove: stop representord.service
remove: daemon-reload
left: /etc/default/representord.rpmsave
`)
}

func TestRPM_IsInstalledUpgradedAndErasedWhereSystemdDoesNotRun(t *testing.T) {
	requireOutput(t, onMachine(t, "rpm", rpmSteps), `representord: to run it: systemctl enable --now representord
`+hint+`enabled
openvswitch
hugetlbfs
enabled
# mine
warning: /etc/default/representord saved as /etc/default/representord.rpmsave
`+gone+`left: /etc/default/representord.rpmsave
`)
}
