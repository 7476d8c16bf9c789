#!/bin/bash
# Shows that the simulated card does what its README says, on a real kernel:
#   make -C test/dpusim && test/vm -k .cache/dpusim/dpusim.ko -- test/dpusim/selftest.sh
# Prints a line for each thing that holds; ends at the first that does not.
# shellcheck disable=SC2016 # what is in single quotes is expanded by what it is for
set -euo pipefail

[ "${REPRESENTORD_VM-}" ] || { echo "selftest.sh: runs inside test/vm only" >&2 && exit 1; }
readonly dir=/sys/kernel/debug/dpusim

fail() {
	printf 'FAIL %s\n' "$*" >&2
	{
		cat "$dir/log"
		devlink port show | tail -n 40
		ip -brief link | tail -n 40
		dmesg | sed -n '/dpusim/,$p' | tail -n 40
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
card() { # one command a line on stdin, in one write
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
port() { # PORT PATTERN: devlink port show says so
	devlink port show "$1" | tr -s ' \n\t' ' ' | grep -qE -- "$2"
}
until_true() { # COMMAND...: within 30 s
	local end=$((SECONDS + 30))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
quiet_kernel() { not grep -E 'WARNING|BUG|Oops|INFO: task|Call Trace' <(dmesg); }

# Two cards: a DPU with two hosts' functions, and a plain NIC.
card <<-EOC
	dev add card0 serial=MT2108X00001
	# comments and empty lines are fine

	port add card0 0 flavour=physical port=0 netdev=p0 mac=00:53:00:00:00:01
	port add card0 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=pf0hpf
	port add card0 2 flavour=pcipf controller=2 external=1 pf=0 netdev=pf1hpf nofn=1
	port add card0 10 flavour=pcivf controller=1 pf=0 vf=0 mac=00:53:00:00:01:00 netdev=pf0vf0 peer=host0
	port add card0 11 flavour=pcivf controller=1 pf=0 vf=1 netdev=pf0vf1 peer=host1
	port add card0 20 flavour=pcisf pf=0 sf=88 mac=00:00:00:00:88:88 netdev=late
	dev add 0000:18:00.0
	port add 0000:18:00.0 0 flavour=physical port=0
	port add 0000:18:00.0 4 flavour=pcivf pf=0 vf=49152
	port add 0000:18:00.0 5 flavour=virtual port=1 netdev=none
EOC
c=platform/card0 d=platform/0000:18:00.0
ok "a physical port" port $c/0 'type eth netdev p0 flavour physical port 0'
ok "a host's PF with its address" port $c/1 'netdev pf0hpf flavour pcipf controller 1 pfnum 0 external true .*function: hw_addr 00:53:00:00:00:42'
ok "a PF that shows no function" not port $c/2 function
ok "a VF with its address" port $c/10 'flavour pcivf controller 1 pfnum 0 vfnum 0 external true .*hw_addr 00:53:00:00:01:00'
ok "an address that is unknown" port $c/11 'hw_addr 00:00:00:00:00:00'
ok "an SF of our own, without a netdev" port $c/20 'type notset flavour pcisf controller 0 pfnum 0 sfnum 88 .*hw_addr 00:00:00:00:88:88 state active opstate attached'
ok "a local VF of any number" port $d/4 'netdev eth1 flavour pcivf controller 0 pfnum 0 vfnum 49152 external false'
ok "a virtual port" port $d/5 'flavour virtual'
ok "JSON" grep -qE '"platform/card0/1":\{"type":"eth","netdev":"pf0hpf"' <(devlink -j port show)
ok "a board's serial beside another" grep -qzE 'serial_number e4397f87-[0-9a-f]+.*board.serial_number MT2108X00001' <(devlink dev info $c)
ok "no board serial" not grep -q board <(devlink dev info $d)
ok "a driver" grep -q 'driver dpusim' <(devlink dev info $c)
ok "phys_port_name" grep -qx c1pf0vf1 /sys/class/net/pf0vf1/phys_port_name
ok "one phys_switch_id for a card" cmp -s /sys/class/net/{p0,pf0vf1}/phys_switch_id
ok "another for another card" not cmp -s /sys/class/net/{p0,eth1}/phys_switch_id
ok "a representor's device is the card" test /sys/class/net/pf0vf0/device -ef /sys/bus/platform/devices/card0
ok "the host's end has the function's address" grep -qx 00:53:00:00:01:00 /sys/class/net/host0/address
ok "the host's end is named after the representor" test -e /sys/class/net/h-pf0hpf
ok "a physical port's netdev has the address given" grep -qx 00:53:00:00:00:01 /sys/class/net/p0/address

# A part of a card: another instance, netdevs on the card's device. A DPU's own PF behind
# another controller, and an SF of that.
card <<-EOC
	dev add card0.eth on=card0
	port add card0.eth 65535 flavour=physical port=1 netdev=p1 mac=00:53:00:00:00:02
	port add card0 60 flavour=pcipf controller=2 external=0 pf=1 netdev=c2pf1
	port add card0 61 flavour=pcisf controller=2 external=0 pf=1 sf=5 netdev=c2pf1sf5
EOC
ok "an uplink of a part" port platform/card0.eth/65535 'type eth netdev p1 flavour physical port 1'
ok "stands on the card's device" test /sys/class/net/p1/device -ef /sys/bus/platform/devices/card0
ok "and rtnetlink says so" grep -qE 'parentbus platform parentdev card0( |$)' <(ip -d link show p1)
ok "has the card's switch id" cmp -s /sys/class/net/{p0,p1}/phys_switch_id
ok "a part has no eswitch" not grep -q mode <(devlink dev eswitch show platform/card0.eth 2>&1)
ok "a satellite PF" port $c/60 'netdev c2pf1 flavour pcipf controller 2 pfnum 1 external false'
ok "and its SF" port $c/61 'netdev c2pf1sf5 flavour pcisf controller 2 pfnum 1 sfnum 5'
refused "dev add x on=nix" 'there is no device nix'
refused "dev add x on=card0.eth" 'is a part itself'
refused "dev add x on=card0 serial=S" 'a part has neither'
ip link add bridge0 type bridge
ip link set c2pf1sf5 master bridge0
ok "a representor in a bridge" test /sys/class/net/c2pf1sf5/master -ef /sys/class/net/bridge0
ip link del bridge0
card <<-EOC
	port del card0 60
	port del card0 61
	dev del card0.eth
	dev add whole
	dev add part on=whole
	port add part 0 flavour=physical netdev=p9
	dev del whole
EOC
ok "a card takes its parts along" not devlink dev show platform/part
ok "and their netdevs" not test -e /sys/class/net/p9

refused "dev add card0" EEXIST
refused "dev add a/b" 'A-Z'
refused "dev add x colour=red" 'a device has no colour'
refused "dev del nix" 'there is no device nix'
refused "port add card0 1 flavour=physical" 'has a port 1'
refused "port add card0 30 flavour=pcivf" 'vf= goes with'
refused "port add card0 30 flavour=pcivf vf=65536" 'vf is 0 to 65535'
refused "port add card0 30 flavour=pcipf vf=1" 'vf= goes with'
refused "port add card0 30 flavour=pcipf pf=x" 'pf is out of range'
refused "port add card0 30 flavour=pcipf mac=00:53" 'no MAC address'
refused "port add card0 30 flavour=pcipf netdev=p0" EEXIST
refused "port add card0 30 flavour=pcipf netdev=long-long-name-1" 'no name for a netdev'
refused "port add card0 30 flavour=pcipf netdev=a/b" EINVAL
refused "port del card0 30" 'has no port 30'
refused "port del card0 11 now" 'one word too many'
refused "port" 'name of a device is missing'
refused "nonsense" 'no command'
refused "port add card0 30 $(printf '%0600d' 0)" E2BIG
ok "what was refused left nothing" not devlink port show $c/30

# Late, renamed and changed.
card <<<"port netdev card0 20 pf0sf88"
ok "a late netdev" port $c/20 'type eth netdev pf0sf88 .*sfnum 88'
refused "port netdev card0 20 other" EBUSY
ip link set pf0sf88 name en3f0pf0sf88
ok "a rename" port $c/20 'netdev en3f0pf0sf88'
# Linux sends no external flag for an SF; the name of its port tells.
ok "an SF of our own has no controller in its name" grep -qx pf0sf88 /sys/class/net/en3f0pf0sf88/phys_port_name
card <<<"port nonetdev card0 20"
ok "a netdev taken away" port $c/20 'type notset flavour pcisf'
ok "is gone" not test -e /sys/class/net/en3f0pf0sf88
ip link set h-pf0sf88 up
no_carrier() { ip link show "$1" | grep -q NO-CARRIER; } # the kernel finds out a little later
ok "its peer has no carrier" until_true no_carrier h-pf0sf88
card <<-EOC
	port netdev card0 20 pf0sf88
	port mac card0 1 00:53:00:00:00:43
	port state card0 1 inactive detached
	serial card0 To be filled by O.E.M.
EOC
ok "a host's PF has another address and no driver" port $c/1 'hw_addr 00:53:00:00:00:43 state inactive opstate detached'
ok "a serial with spaces" grep -q 'board.serial_number To be filled by O.E.M.' <(devlink dev info $c)
devlink port function set $c/1 hw_addr 00:53:00:00:00:44
devlink port function set $c/20 state inactive
ok "an address set through devlink" port $c/1 'hw_addr 00:53:00:00:00:44'
ok "a state set through devlink" port $c/20 'state inactive opstate detached'
card <<<"port fail-hwaddr card0 1 on"
ok "a port that can't be read" not devlink port show $c/1
ok "a dump of all ports ends there" not grep -q card0/10 <(devlink port show)
card <<<"port fail-hwaddr card0 1 off"
card <<-EOC
	port del card0 20
	port add card0 20 flavour=pcisf controller=1 pf=0 sf=77 netdev=sf77
EOC
ok "a host's SF has it" grep -qx c1pf0sf77 /sys/class/net/sf77/phys_port_name
ok "an index used again by another function" port $c/20 'pcisf controller 1 pfnum 0 sfnum 77'

# InfiniBand, and what devlink adds itself.
card <<<"port add card0 50 flavour=pcivf controller=1 pf=0 vf=50 netdev=pf0vf50 type=ib"
ok "InfiniBand has no netdev" port $c/50 'type ib flavour pcivf'
ok "set to Ethernet" devlink port set $c/50 type eth
ok "it has one" port $c/50 'type eth netdev pf0vf50'
ok "set to InfiniBand" devlink port set $c/50 type ib
ok "it has none again" port $c/50 'type ib flavour'
refused "port add card0 51 flavour=pcivf vf=51 type=x" 'type is eth or ib'
card <<<"port del card0 50"
ok "an SF that devlink adds" devlink port add $c flavour pcisf pfnum 0 sfnum 9 controller 1
ok "is a host's, and inactive" port $c/32768 'type eth netdev eth[0-9]+ flavour pcisf controller 1 pfnum 0 sfnum 9 .*state inactive opstate detached'
ok "is there once" not devlink port add $c flavour pcisf pfnum 0 sfnum 9 controller 1
ok "deleted" devlink port del $c/32768
ok "it is gone" not devlink port show $c/32768
ok "what else there is stays" not devlink port del $c/10

exec 3>"$dir/ctl"
printf 'serial card0 MT2108' >&3
printf 'X00001\n' >&3
exec 3>&-
ok "a command in two writes" grep -q 'board.serial_number MT2108X00001' <(devlink dev info $c)

# The whole device.
before=$(</sys/class/net/pf0vf0/ifindex)
devlink dev eswitch set $c mode legacy
ok "legacy mode" grep -q 'mode legacy' <(devlink dev eswitch show $c)
ok "has no functions' ports" not devlink port show $c/10
ok "nor representors" not test -e /sys/class/net/pf0vf0
ok "but the uplink" port $c/0 'netdev p0'
card <<<"port add card0 12 flavour=pcivf controller=1 pf=0 vf=2 netdev=pf0vf2"
ok "a port added meanwhile isn't shown" not devlink port show $c/12
devlink dev eswitch set $c mode switchdev
ok "switchdev mode brings them back" port $c/10 'netdev pf0vf0'
ok "and the new one" port $c/12 'netdev pf0vf2'
ok "as another netdev" test "$before" != "$(</sys/class/net/pf0vf0/ifindex)"
host_before=$(</sys/class/net/host0/ifindex)
devlink dev reload $c
ok "a reload brings everything back" port $c/1 'netdev pf0hpf'
ok "the host's end is the same" test "$host_before" = "$(</sys/class/net/host0/ifindex)"
ip link set pf0vf2 name stranger
ip link set p0 name pf0vf2
ok "a reload renames back" devlink dev reload $c
ip link set p0 name px
ip link add p0 type dummy
ok "a reload whose name is taken fails" not devlink dev reload $c
ok "the others are there" port $c/10 'netdev pf0vf0'
ip link del p0
ok "and can be repeated" devlink dev reload $c
ok "then all are there" port $c/0 'netdev p0'

# Packets between two hosts' functions, through Open vSwitch's kernel datapath.
run=$(mktemp -d)
export OVS_RUNDIR=$run
modprobe openvswitch
ovsdb-tool create "$run/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --detach --no-chdir --pidfile --log-file="$run/db.log" --remote="punix:$run/db.sock" "$run/conf.db" 2>/dev/null
ovs-vsctl --no-wait init
# Open vSwitch 3.1.0 thinks there are no CPUs before, and packets are lost.
ten_seconds_old() { [ "$(cut -d . -f 1 /proc/uptime)" -ge 10 ]; }
ok "the kernel has run for 10 s" until_true ten_seconds_old
ovs-vswitchd --detach --no-chdir --pidfile --log-file="$run/vswitchd.log" 2>/dev/null
ovs-vsctl add-br br-int -- add-port br-int pf0vf0 -- add-port br-int pf0vf1
ip link set pf0vf0 up
ip link set pf0vf1 up
for n in 0 1; do
	ip netns add "vm$n"
	ip link set "host$n" netns "vm$n"
	ip -n "vm$n" address add "10.0.0.1$n/24" dev "host$n"
	ip -n "vm$n" link set "host$n" up
done
reach() { ip netns exec vm0 busybox ping -c 1 -W 1 10.0.0.11; }
received() { ip -n vm1 -s -s link show host1 | awk '/RX:/ { getline; print $2; exit }'; }
ok "a ping crosses the bridge" until_true reach
ok "packets are counted" test "$(received)" -gt 0
ip link set pf0vf1 down
ok "nothing crosses a representor that is down" not reach
ip link set pf0vf1 up
ok "and again when it is up" until_true reach
ip netns exec vm1 bash -c 'cat </dev/tcp/10.0.0.10/5000 >/dev/null' 2>/dev/null && fail "nobody listens there"
ip netns exec vm0 perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(LocalPort => 5000, Listen => 1, ReuseAddr => 1) or die;
	my $c = $l->accept; print $c "x" x 65536 for 1 .. 64' &
server=$!
fetch() { test "$(ip netns exec vm1 perl -MIO::Socket::INET -e '
	my $c = IO::Socket::INET->new(PeerAddr => "10.0.0.10:5000", Timeout => 2) or exit 1;
	my $n = 0; while (my $r = sysread $c, my $b, 65536) { $n += $r } print $n')" = 4194304; }
ok "4 MiB of TCP arrive whole" until_true fetch
wait "$server"
devlink dev reload $c
ok "Open vSwitch takes the netdevs of a reloaded card" until_true sh -c 'test "$(ovs-vsctl get interface pf0vf0 ifindex)" = "$(cat /sys/class/net/pf0vf0/ifindex)"'
ip link set pf0vf0 up
ip link set pf0vf1 up
ok "and packets cross again, the hosts did nothing" until_true reach
ip netns del vm1
ok "the host's end outlives its namespace" until_true test -e /sys/class/net/host1

# Everything at once, and none of it may upset the kernel.
ip link set host1 up
storm() { # SECONDS COMMAND...: over and over
	local end=$((SECONDS + $1))
	shift
	while [ "$SECONDS" -lt "$end" ]; do "$@" >/dev/null 2>&1 || true; done
}
churn() {
	printf 'port add card0 40 flavour=pcivf controller=1 pf=0 vf=40 netdev=churn\nport del card0 40\n' >"$dir/ctl"
}
come_and_go() { printf 'dev add card9\nport add card9 0 flavour=pcipf netdev=nine\ndev del card9\n' >"$dir/ctl"; }
flip() { devlink dev eswitch set $c mode legacy && devlink dev eswitch set $c mode switchdev; }
storms=()
for command in churn come_and_go flip "devlink dev reload $c" "devlink port show" "devlink dev info" "ip link set pf0vf0 up" reach; do
	# shellcheck disable=SC2086 # some are several words
	storm 10 $command &
	storms+=($!)
done
wait "${storms[@]}"
devlink dev eswitch set $c mode switchdev
ok "the card survives a storm" until_true port $c/10 'netdev pf0vf0'
ok "nothing else is left of it" not grep -qE 'churn|nine' <(ip link)
for n in {100..355}; do echo "port add card0 $n flavour=pcivf controller=1 pf=1 vf=$n"; done | card
ok "256 VFs more" test "$(devlink port show | grep -c 'pfnum 1')" = 256
start=$SECONDS
devlink dev reload $c
ok "are reloaded in $((SECONDS - start)) s" test "$(devlink port show | grep -c 'pfnum 1 .*external')" = 256

# A device that hangs holds up who asks for it, and the names of its netdevs go on changing.
ip link set pf0hpf down
start=${EPOCHREALTIME/./}
card <<<"dev hang card0 1500"
ok "a netdev is renamed while its device hangs" ip link set pf0hpf name hung
devlink port show >/dev/null
ok "devlink answers when it hangs no more" test $((${EPOCHREALTIME/./} - start)) -gt 1400000

# The end, with ports on the bridge.
quiet_kernel || fail "the kernel complained"
card <<<"port del card0 10"
ok "a deleted port's peer goes from its namespace" not ip -n vm0 link show host0
devlink monitor port >"$run/monitor" &
monitor=$!
told() { churn && grep -q '^\[port,del\] platform/card0/40' "$run/monitor"; }
ok "devlink tells of ports that come and go" until_true told
told_in_order() {
	test "$(sed -n 's|^\[port,\(...\)\] platform/card0/40: \(type [a-z]*\).*|\1 \2|p' "$run/monitor" |
		tail -n 2 | paste -sd ,)" = "new type notset,del type notset"
}
ok "of one that goes, first that its netdev has gone" until_true told_in_order
kill "$monitor"
ok "the module goes with all its cards" rmmod dpusim
ok "no port is left" test -z "$(devlink port show)"
ok "no netdev is left" not grep -qE 'pf0|host|h-' <(ip link)
ok "the kernel has nothing to complain of" quiet_kernel
