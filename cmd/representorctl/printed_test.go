package main

import (
	"cmp"

	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// printedCommands are the commands between backticks in what a package may print, each with
// where it stands. What is put together at run time is an X in them.
func printedCommands(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	set := token.NewFileSet()
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if field, tagged := n.(*ast.Field); tagged && field.Tag != nil {
				return false
			}
			if !ok {
				return true
			}
			text, ok := joined(e)
			if !ok {
				return true
			}
			for i, part := range strings.Split(text, "`") {
				if i%2 == 1 && strings.IndexFunc(part, unicode.IsLetter) >= 0 {
					all[part] = set.Position(n.Pos()).String()
				}
			}
			return false
		})
	}
	return all
}

// joined is the text of an expression that is one, or several that are added.
func joined(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, l := joined(e.X)
		right, r := joined(e.Y)
		return cmp.Or(left, "X") + cmp.Or(right, "X"), e.Op == token.ADD && (l || r)
	}
	return "", false
}

// triedIn tells which test runs a command where it is printed.
func triedIn() map[string]string {
	tried := map[string]string{}
	for where, commands := range map[string][]string{
		"cmd/representorctl/commands_test.go TestExplain_EachCommandForADatabaseIsTakenByItsToolInItsScene": {
			"X", "{set} {port} 'options:\"X\"=NUMBER'", "{set} {port} 'options:\"X\"=X'", "{set} {port} 'options:\"{option}\"=VALUE'",
			"{set} {port} options:X=CHASSIS", "{set} {port} options:X={chassis}",
			"ovn-nbctl list Logical_Switch_Port {port}", "ovn-nbctl remove Logical_Switch_Port {port} options '\"X\"'",
			"ovn-sbctl --columns=name,hostname list Chassis", "ovs-vsctl list Interface {row}", "ovs-vsctl set Bridge {bridge} datapath_type=system",
			"ovs-vsctl show",
		},
		"cmd/representorctl/doctor_commands_test.go TestDoctor_EachCommandForADatabaseMendsWhatItIsPrintedFor": {
			"ovn-sbctl chassis-del NAME", "ovn-sbctl get-connection", "ovs-vsctl get Open_vSwitch . external_ids",
			"ovs-vsctl get Open_vSwitch . external_ids:hostname; tail -n 50 /var/log/ovn/ovn-controller.log",
			"ovs-vsctl remove Open_vSwitch . external_ids X", "ovs-vsctl set Open_vSwitch . X",
			"ovs-vsctl set Open_vSwitch . other_config:hw-offload=true", "ovs-vsctl set-ssl PRIVATE-KEY CERTIFICATE CA-CERT",
		},
		"cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandsForACompanionDoWhatTheyArePrintedFor": {
			"kill -CONT %d", "ovs-appctl --timeout=30 -t SOCKET exit --restart", "ovs-appctl --timeout=30 -t SOCKET version", "ps -C %s -o pid,args",
		},
		"cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandsForALocalDatabaseThatIsStoppedLetItGoOn": {
			"kill -CONT PID", "ps -o pid,stat,pcpu,args -C ovsdb-server",
		},
		"cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandForASocketOfEverybodysTakesItFromThem": {"chmod o-w X"},
		"cmd/representorctl/commands_test.go TestExplain_EachCommandIsReadByAShellAndOursByUs": {
			"representorctl doctor", "representorctl explain PORT", "representorctl explain {in-the-way}", "representorctl ports",
			"representorctl release-hold", "representorctl representors", "representorctl serial", "representorctl status",
		},
		"test/e2e/printed_vm_test.go takesWhatDoctorPrints": {
			"date -u -s TIME", "devlink dev", "devlink dev eswitch set X mode switchdev", "devlink dev eswitch show DEVICE", "devlink dev info",
			"devlink dev show", "devlink port function set DEVICE/INDEX hw_addr MAC",
			"devlink port show", "devlink port show; dmesg | tail -n 50", "modprobe mlx5_core",
		},
		"test/e2e/printed_vm_test.go takesWhatExplainPrints": {
			"devlink dev reload {device}", "devlink port function set DEVICE/INDEX state active",
			"devlink port function set {devlink-port} hw_addr MAC",
			"devlink port function set {devlink-port} hw_addr X", "devlink port set {devlink-port} type eth", "devlink port show; ip netns",
			"ip -n NAMESPACE link set NETDEV netns 1", "ls -d /sys/class/net/PF/device/virtfn%[1]d", "vf-reporter list",
		},
		"test/e2e/hands_vm_test.go waitsForALinuxBridge":    {"ip link set {netdev} nomaster"},
		"test/e2e/faults_vm_test.go plugsWithoutCapability": {"ip link set {netdev} up"},
		"test/e2e/troubleshooting_vm_test.go TestTroubleshooting": {
			"echo %[2]d >/sys/class/net/PF/device/sriov_numvfs",
			"ssh HYPERVISOR vf-reporter profile VF | representorctl bind {port} --profile -",
		},
		"systemd/provider_vm_test.go TestProvider_WhatTheDoctorPrintsHasItUnregisteredAndLeavesTheChassis": {
			"mkdir -p /etc/systemd/system/UNIT.d && printf '[Service]\\nRestrictAddressFamilies=~AF_NETLINK\\n' " +
				">/etc/systemd/system/UNIT.d/50-representord.conf",
			"ovs-vsctl add Open_vSwitch . external_ids ovn-ofctrl-wait-before-clear=10000", "rm DROP-IN",
			"systemctl daemon-reload && ovs-appctl --timeout=30 -t SOCKET exit --restart && systemctl restart UNIT",
		},
		"systemd/commands_vm_test.go TestCommands_EachThatIsPrintedForAServiceMendsWhatItIsPrintedFor": {
			"ovs-appctl upcall/show", "ovs-dpctl show", "systemctl cat representord", "systemctl enable --now openvswitch-switch",
			"systemctl enable --now ovn-northd", "systemctl enable --now representord; journalctl -u representord",
			"systemctl restart openvswitch-switch", "systemctl restart ovn-controller representord", "systemctl restart ovn-ovsdb-server-sb",
			"systemctl restart representord", "systemctl restart representord; journalctl -u representord", "systemctl start ovn-controller",
			"systemctl start ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log", "systemctl start ovs-vswitchd",
			"systemctl status ovn-controller; tail -n 50 /var/log/ovn/ovn-controller.log", "tail -n 50 /var/log/ovn/ovn-controller.log",
		},
	} {
		for _, c := range commands {
			tried[c] = where
		}
	}
	return tried
}

// A command that nobody has run where it is printed may be no help there, or do harm.
func TestPrinted_EachCommandThatIsPrintedIsRunByATest(t *testing.T) {
	tried := triedIn()
	for command, where := range tried {
		path, name, _ := strings.Cut(where, " ")
		if text, err := os.ReadFile(filepath.Join("../..", path)); err != nil || !strings.Contains(string(text), "func "+name+"(") {
			t.Errorf("`%s` is said to be tried in %s, which isn't there: %v", command, where, err)
		}
	}
	printed := map[string]string{}
	for _, dir := range []string{"../../internal/diagnose", "../../internal/doctor", "../../internal/explain", "../../plug"} {
		maps.Copy(printed, printedCommands(t, dir))
	}
	for command, at := range printed {
		if tried[command] == "" {
			t.Errorf("%s: no test is named for `%s`", at, command)
		}
		for part := range strings.SplitSeq(strings.ReplaceAll(command, " | ", "; "), "; ") {
			if args, ours := strings.CutPrefix(part, name+" "); ours {
				if err := understood(strings.Fields(args)); err != nil {
					t.Errorf("%s: `%s`: %v", at, command, err)
				}
			}
		}
	}
	for command := range tried {
		if printed[command] == "" {
			t.Errorf("`%s` is printed nowhere", command)
		}
	}
}
