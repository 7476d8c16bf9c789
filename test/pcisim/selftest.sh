#!/bin/bash
# Shows that the simulated host does what its README says, on a real kernel:
#   make pcisim dpusim && test/vm -k .cache/dpusim/dpusim.ko -k .cache/pcisim/pcisim.ko -- test/pcisim/selftest.sh
# Prints a line for each thing that holds; ends at the first that does not. CYCLES says
# how often VFs come and go (default 3), and an argument where the module is.
# shellcheck disable=SC2016 # what is in single quotes is expanded by what it is for
set -euo pipefail

[ "${REPRESENTORD_VM-}" ] || { echo "selftest.sh: runs inside test/vm only" >&2 && exit 1; }
readonly dir=/sys/kernel/debug/pcisim pci=/sys/bus/pci/devices
module=${1:-$(dirname "$0")/../../.cache/pcisim/pcisim.ko}
readonly module

fail() {
	printf 'FAIL %s\n' "$*" >&2
	{
		cat "$dir/log"
		ls "$pci"
		ip -brief link | tail -n 40
		dmesg | sed -n '/pcisim/,$p' | tail -n 60
	} >&2 || true
	exit 1
}
ok() { # DESCRIPTION COMMAND...: the command succeeds
	local what=$1
	shift
	"$@" >/dev/null 2>&1 || fail "$what: $*"
	echo "ok   $what"
}
not() { ! "$@"; }
host() { # one command a line on stdin, in one write
	local commands
	commands=$(cat)
	printf '%s\n' "$commands" >"$dir/ctl" || fail "$commands"
}
refused() { # COMMAND PATTERN: it fails, and the log says why
	local said
	said=$( (echo "$1" >"$dir/ctl") 2>&1) && fail "not refused: $1"
	grep -qF -- "$2" "$dir/log" || fail "$1: the log lacks \"$2\" ($said)"
	echo "ok   refused: $1"
}
until_true() { # COMMAND...: within 30 s
	local end=$((SECONDS + 30))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
holds() { grep -qx -- "$2" "$1"; }               # FILE LINE
leads() { [ "$(basename "$(readlink "$1")")" = "$2" ]; } # LINK NAME
address() { ip -d link show "$1" | grep -qE "link/ether $2 "; }
# iproute2 shows the permanent address when it isn't the current one.
permanent() { ip -d link show "$1" | grep -q "permaddr $2"; }
quiet_kernel() { not grep -E 'WARNING|BUG|Oops|INFO: task|Call Trace|refcount|leaked' <(dmesg); }

# A DPU in a domain wider than 16 bits, two ports; a plain NIC; what isn't a NIC.
host <<-EOC
	bus add 10000:03-04
	# comments and empty lines are fine

	dev add 10000:03:00.0 serial=MT2108X00001 vfs=8 mac=00:53:00:00:00:42 netdev=pf0 vf-netdev=pf0v vf-mac=00:53:00:00:01:00
	dev add 10000:03:00.1 serial=MT2108X00001 vfs=4 mac=00:53:00:00:00:43 netdev=pf1 vf-netdev=none vf-vlan=EOPNOTSUPP
	dev add 10000:03:00.2 id=15b3:c2d5 class=080100
	bus add 20:82-83 numa=0
	dev add 0020:82:00.0 id=8086:1572 subsystem=8086:0001 vf-id=154c vfs=255 netdev=pf2 vf-netdev=pf2v port-name=p0
EOC
a=$pci/10000:03:00.0 b=$pci/10000:03:00.1 n=$pci/0020:82:00.0
ok "a PF of that vendor" holds $a/vendor 0x15b3
ok "and device" holds $a/device 0xa2dc
ok "of another" holds $n/device 0x1572
ok "with a subsystem" holds $n/subsystem_vendor 0x8086
ok "no NUMA node" holds $a/numa_node -1
ok "a NUMA node" holds $n/numa_node 0
ok "the driver" leads $a/driver pcisim
ok "no driver for what is no NIC" not test -e $pci/10000:03:00.2/driver
ok "its class" holds $pci/10000:03:00.2/class 0x080100
ok "a netdev with the address" address pf0 00:53:00:00:00:42
ok "below the function" test -e $a/net/pf0
ok "phys_port_name" holds /sys/class/net/pf2/phys_port_name p0
ok "no VF yet" holds $a/sriov_numvfs 0
ok "totalvfs" holds $a/sriov_totalvfs 8
ok "no SR-IOV without VFs" not test -e $pci/10000:03:00.2/sriov_totalvfs
ok "VPD with the serial" grep -qa 'SN.MT2108X00001RV' $a/vpd
ok "no VPD" not test -e $n/vpd

echo 8 >$a/sriov_numvfs
echo 3 >$b/sriov_numvfs
ok "VFs" holds $a/sriov_numvfs 8
ok "virtfn5" leads $a/virtfn5 10000:03:01.5
ok "physfn" leads $pci/10000:03:01.5/physfn 10000:03:00.0
ok "the second PF's begin after the first's" leads $b/virtfn0 10000:03:02.0
ok "as many as wanted" not test -e $b/virtfn3
ok "a VF's device" holds $pci/10000:03:01.5/device 0x101e
ok "a VF has no VPD" not test -e $pci/10000:03:01.5/vpd
ok "a VF's netdev with its address" address pf0v5 00:53:00:00:01:05
ok "no netdev for VFs that have none" not test -e $pci/10000:03:02.0/net
ip link set pf0v5 address 02:00:00:00:00:05
ok "a changed address leaves the permanent one" permanent pf0v5 00:53:00:00:01:05
ip link set pf0 vf 6 mac 02:00:00:00:00:06 vlan 7
ok "ip shows what the PF decided" grep -qE 'vf 6 .*02:00:00:00:00:06 .*vlan 7' <(ip link show pf0)
ok "the VF's driver doesn't know yet" address pf0v6 00:53:00:00:01:06
echo 10000:03:01.6 >/sys/bus/pci/drivers/pcisim/unbind
echo 10000:03:01.6 >/sys/bus/pci/drivers/pcisim/bind
ok "but the next time it is bound" address pf0v6 02:00:00:00:00:06
ok "clearing the VLAN" ip link set pf0 vf 6 vlan 0
ok "is refused by a switch" grep -q 'not supported' <(ip link set pf1 vf 1 vlan 0 2>&1)
host <<<"vf-vlan 10000:03:00.1 EPERM"
ok "or so" grep -q 'not permitted' <(ip link set pf1 vf 1 vlan 0 2>&1)
ok "a VF that isn't there can't be set" not ip link set pf0 vf 8 mac 02:00:00:00:00:08
ok "other netdevs of a PF" host <<<"netdev 10000:03:00.0 rep0 port-name=pf0vf0 dev-port=0
netdev 10000:03:00.0 rep1 port-name=pf0vf1 dev-port=1 mac=02:00:00:00:00:99"
ok "with their ports" holds /sys/class/net/rep1/dev_port 1
ok "and names" holds /sys/class/net/rep1/phys_port_name pf0vf1

# VPD: what cards do.
printf '\x82\x03\x00abc\x90\x08\x00SN\x05  X  \x91\x00\x00\x78' >"$dir/vpd"
host <<-EOC
	bus add 40:00-00
	dev add 40:00:01.0 vpd=file netdev=none vf-vpd=1 vfs=2
	dev add 40:00:04.0 serial=X vpd-checksum=bad netdev=none
	dev add 40:00:05.0 serial=HANGS vpd-hang=0x20 netdev=none
	dev add 40:00:06.0 serial=SLOW vpd-delay=20 netdev=none
EOC
ok "VPD from a file" cmp -s <(printf '\x82\x03\x00abc\x90\x08\x00SN\x05  X  \x91\x00\x00\x78') $pci/0040:00:01.0/vpd
echo 1 >$pci/0040:00:01.0/sriov_numvfs
ok "also a VF's" cmp -s $pci/0040:00:01.0/vpd $pci/0040:00:01.0/virtfn0/vpd
ok "a PF without a netdev" leads $pci/0040:00:01.0/driver pcisim
ok "has none" not test -e $pci/0040:00:01.0/net
sum() { od -An -v -tu1 "$1" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print (s - 120) % 256 }'; }
ok "a checksum" test "$(sum $a/vpd)" = 0
ok "a bad one" test "$(sum $pci/0040:00:04.0/vpd)" = 1
ok "what comes before a hang can be read" grep -q 'Simulated' <(head -c 28 $pci/0040:00:05.0/vpd)
ok "reading beyond it fails" grep -qi 'timed out' <(cat $pci/0040:00:05.0/vpd 2>&1 >/dev/null)
host <<<"vpd 40:00:05.0 serial=WORKS"
ok "it was repaired" grep -qa 'SN.WORKS' $pci/0040:00:05.0/vpd
start=${EPOCHREALTIME/./}
ok "a slow one" grep -qa 'SN.SLOW' $pci/0040:00:06.0/vpd
ok "takes its time" test $((${EPOCHREALTIME/./} - start)) -ge 200000

# Refusals.
refused "bus add 0:05-06" "domain 0"
refused "bus add 20:83-90" "there is a bus 0020:83"
refused "bus add 20:90-90 numa=7" "no NUMA node 7"
refused "bus add nonsense" "is not DOMAIN:FIRST-LAST"
refused "bus del 20:83" "no bus begins"
refused "dev add 21:00:00.0" "bus add makes it"
refused "dev add 20:82:00.8" "no address"
refused "dev add 20:83:00.0" "only VFs beyond"
refused "dev add 20:82:00.0" "there is a function"
refused "dev add 20:82:00.1 vfs=1 vf-offset=7" "there is a function"
refused "dev add 40:00:07.0 mac=00:53" "no MAC address"
refused "dev add 40:00:07.0 colour=red" "has no colour"
refused "dev add 40:00:07.0 vfs=x" "vfs is out of range"
refused "dev add 40:00:07.0 netdev=pf0" "there is a netdev pf0"
refused "dev add 40:00:07.0 id=15b3:1015" "ConnectX-4"
refused "dev add 40:00:07.0 vpd-checksum=bad" "needs serial="
refused "dev del 10000:03:01.0" "no such PF"
refused "peer 10000:03:03.0 x" "no such function"
refused "vpd 20:82:00.0 serial=X" "no VPD capability"
refused "netdev 10000:03:00.2 x" "isn't bound"
refused "nonsense" "no command"
ok "what was refused left nothing" not test -e $pci/0040:00:07.0

# Other drivers, and bonds.
modprobe vfio-pci
vf=10000:03:01.7
echo vfio-pci >$pci/$vf/driver_override
echo $vf >$pci/$vf/driver/unbind
echo $vf >/sys/bus/pci/drivers_probe
ok "a VF for a virtual machine" leads $pci/$vf/driver vfio-pci
ok "in a group of its own" test -c "/dev/vfio/$(basename "$(readlink $pci/$vf/iommu_group)")"
echo vfio-pci >$pci/0040:00:04.0/driver_override
echo 0040:00:04.0 >$pci/0040:00:04.0/driver/unbind
echo 0040:00:04.0 >/sys/bus/pci/drivers_probe
ok "a PF for a virtual machine" leads $pci/0040:00:04.0/driver vfio-pci
modprobe bonding max_bonds=0
ip link add bond0 type bond mode active-backup
ip link set pf0 master bond0
ip link set pf1 master bond0
ok "PFs in a bond have one address" cmp -s /sys/class/net/pf{0,1}/address
ok "and another that is permanent" permanent pf1 00:53:00:00:00:43
ok "which the bond knows, too" holds /sys/class/net/pf1/bonding_slave/perm_hwaddr 00:53:00:00:00:43
ip link del bond0
ok "after the bond it is back" address pf1 00:53:00:00:00:43

# Packets, from a VF through a representor and Open vSwitch to the other.
run=$(mktemp -d)
export OVS_RUNDIR=$run OVS_LOGDIR=$run OVS_DBDIR=$run
modprobe openvswitch
ovsdb-tool create "$run/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --detach --no-chdir --pidfile --log-file="$run/db.log" --remote="punix:$run/db.sock" "$run/conf.db" 2>/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd --detach --no-chdir --pidfile --log-file="$run/vswitchd.log" 2>/dev/null
host <<-EOC
	peer 10000:03:01.0 host0
	peer 10000:03:01.1 host1
EOC
cat >/sys/kernel/debug/dpusim/ctl <<-EOC
	dev add card0 serial=MT2108X00001
	port add card0 10 flavour=pcivf controller=1 pf=0 vf=0 netdev=pf0vf0 peer=host0
	port add card0 11 flavour=pcivf controller=1 pf=0 vf=1 netdev=pf0vf1 peer=host1
EOC
ovs-vsctl add-br br-int -- add-port br-int pf0vf0 -- add-port br-int pf0vf1
ip link set pf0vf0 up
ip link set pf0vf1 up
join() { # give both VFs to their virtual machines
	for i in 0 1; do
		ip link set "pf0v$i" netns "vm$i"
		ip -n "vm$i" address add "10.0.0.1$i/24" dev "pf0v$i"
		ip -n "vm$i" link set "pf0v$i" up
	done
}
ip netns add vm0
ip netns add vm1
join
reach() { ip netns exec vm0 busybox ping -c 1 -W 1 10.0.0.11; }
ok "a ping crosses, from VF to VF" until_true reach
ok "from the VF's own address" grep -q 00:53:00:00:01:00 <(ip -n vm1 neigh show 10.0.0.10)
ip netns exec vm0 perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(LocalPort => 5000, Listen => 1, ReuseAddr => 1) or die;
	my $c = $l->accept; print $c "x" x 65536 for 1 .. 64' &
server=$!
fetch() { test "$(ip netns exec vm1 perl -MIO::Socket::INET -e '
	my $c = IO::Socket::INET->new(PeerAddr => "10.0.0.10:5000", Timeout => 2) or exit 1;
	my $n = 0; while (my $r = sysread $c, my $b, 65536) { $n += $r } print $n')" = 4194304; }
ok "4 MiB of TCP arrive whole" until_true fetch
wait "$server"
devlink dev reload platform/card0
ip link set pf0vf0 up
ip link set pf0vf1 up
ok "after a reload of the card as well" until_true reach
echo 0 >$a/sriov_numvfs
ok "VFs that go leave their virtual machines" not ip -n vm0 link show pf0v0
echo 8 >$a/sriov_numvfs
join
ok "and packets cross again when they are back" until_true reach
echo 'port del card0 10' >/sys/kernel/debug/dpusim/ctl
no_carrier() { ip -n vm0 link show pf0v0 | grep -q NO-CARRIER; }
ok "a VF without a card's end has no carrier" until_true no_carrier
echo 'port add card0 10 flavour=pcivf controller=1 pf=0 vf=0 netdev=pf0vf0 peer=host0' >/sys/kernel/debug/dpusim/ctl
ip link set pf0vf0 up
ok "and is joined when there is one again" until_true reach

# Coming and going, which may not upset the kernel.
cycles=${CYCLES:-3}
for ((i = 0; i < cycles; i++)); do
	for vfs in 0 8; do echo $vfs >$a/sriov_numvfs; done
done
ok "8 VFs $cycles times" leads $a/virtfn7 10000:03:01.7
for ((i = 0; i < cycles; i++)); do
	for vfs in 255 0; do echo $vfs >$n/sriov_numvfs; done
done
echo 255 >$n/sriov_numvfs
ok "255 VFs $cycles times" test "$(find $n/ -name 'virtfn*' | wc -l)" = 255
ok "and on to the next bus" leads $n/virtfn254 0020:83:00.6
storm() { # SECONDS COMMAND...: over and over
	local end=$((SECONDS + $1))
	shift
	while [ "$SECONDS" -lt "$end" ]; do "$@" >/dev/null 2>&1 || true; done
}
flap() { echo 0 >$a/sriov_numvfs && echo 4 >$a/sriov_numvfs; }
come_and_go() { printf 'bus add 30:01-01\ndev add 30:01:00.0 serial=S vfs=2\nbus del 30:01\n' >"$dir/ctl"; }
more_or_less() { printf 'dev add 10000:03:1f.0 serial=S netdev=more\ndev del 10000:03:1f.0\n' >"$dir/ctl"; }
repeer() { printf 'peer 10000:03:01.0 none\npeer 10000:03:01.0 host0\n' >"$dir/ctl"; }
peers() { printf 'port del card0 11\nport add card0 11 flavour=pcivf controller=1 pf=0 vf=1 netdev=pf0vf1 peer=host1\n' >/sys/kernel/debug/dpusim/ctl; }
storms=()
for command in flap come_and_go more_or_less repeer peers "ip link show" "cat $a/vpd" "find $pci/ -follow -maxdepth 2 -name uevent" "ip link set pf0v0 up"; do
	# shellcheck disable=SC2086 # some are several words
	storm 10 $command &
	storms+=($!)
done
wait "${storms[@]}"
ok "a storm" flap
quiet_kernel || fail "the kernel complained"

# The end, with everything in use.
host <<<"dev del 10000:03:00.0"
ok "a PF goes with its VFs" not test -e $pci/10000:03:01.0
ok "and their netdevs" not grep -qE 'pf0v[0-9]' <(ip link)
echo 1 >$pci/0040:00:05.0/remove
ok "a PF that was removed through sysfs" not test -e $pci/0040:00:05.0
echo 1 >/sys/bus/pci/rescan
ok "is found again" leads $pci/0040:00:05.0/driver pcisim
ok "the module goes with all that is left" rmmod pcisim
ok "no device is left" not grep -qE '10000:|00[24]0:' <(ls $pci)
ok "no netdev is left" not grep -qE ' pf[012](v[0-9]+)?:' <(ip link)
ok "and comes again" insmod "$module"
host <<<"bus add 20:82-83
dev add 20:82:00.0 vfs=2 netdev=pf2"
rmmod pcisim
ok "the kernel has nothing to complain of" quiet_kernel
