package main

import (
	"cmp"

	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// triedIn tells, by how a command begins, which test runs it where it is printed.
func triedIn() map[string]string {
	const (
		databases = "cmd/representorctl/commands_test.go TestExplain_EachCommandForADatabaseIsTakenByItsToolInItsScene"
		local     = "cmd/representorctl/doctor_commands_test.go TestDoctor_EachCommandForADatabaseMendsWhatItIsPrintedFor"
		companion = "cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandsForACompanionDoWhatTheyArePrintedFor"
		stopped   = "cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandsForALocalDatabaseThatIsStoppedLetItGoOn"
		socket    = "cmd/representorctl/doctor_commands_test.go TestDoctor_TheCommandForASocketOfEverybodysTakesItFromThem"
		ours      = "cmd/representorctl/commands_test.go TestExplain_EachCommandIsReadByAShellAndOursByUs"
		card      = "test/e2e/printed_vm_test.go takesWhatDoctorPrints"
		port      = "test/e2e/printed_vm_test.go takesWhatExplainPrints"
		bridge    = "test/e2e/hands_vm_test.go waitsForALinuxBridge"
		link      = "test/e2e/faults_vm_test.go plugsWithoutCapability"
		stories   = "test/e2e/troubleshooting_vm_test.go TestTroubleshooting"
		services  = "systemd/commands_vm_test.go TestEachPrintedCommandForAServiceMendsWhatItIsPrintedFor"
	)
	return map[string]string{
		"chmod o-w": socket, "kill -CONT PID": stopped, "kill -CONT %d": companion, "ps -C": companion, "ps -o": stopped,
		"ovs-appctl --timeout=30": companion, "ovs-appctl upcall/show": services, "ovs-dpctl show": services,
		"ovn-nbctl list": databases, "ovn-nbctl remove": databases, "ovn-nbctl set": databases, "{set} {port}": databases, "X {port}": databases,
		"ovn-sbctl --columns":   databases,
		"ovn-sbctl chassis-del": local, "ovn-sbctl get-connection": local,
		"ovs-vsctl del-port": databases, "ovs-vsctl list": databases, "ovs-vsctl set Bridge": databases, "ovs-vsctl show": databases,
		"ovs-vsctl get Open_vSwitch . external_ids": local, "ovs-vsctl remove": local, "ovs-vsctl set Open_vSwitch": local, "ovs-vsctl set-ssl": local, "X": local,
		"devlink dev": card, "devlink port function set %s": card, "devlink port function set DEVICE/INDEX hw_addr": card, "ip link show": card, "modprobe": card,
		"devlink dev reload": port, "devlink port add": port, "devlink port function set DEVICE/INDEX state": port, "devlink port function set {devlink-port}": port,
		"devlink port set": port, "devlink port show": port, "udevadm settle": port, "vf-reporter list": port, "ls -d": port, "echo ": stories,
		"ip link set {netdev} nomaster": bridge, "ip link set {netdev} up": link, "devlink dev eswitch set": stories, "ssh HYPERVISOR": stories,
		"journalctl -u": services, "tail -n 50 /var/log": services, "representorctl ": ours,
		"systemctl cat representord": services, "systemctl enable --now openvswitch-switch": services, "systemctl enable --now ovn-northd": services,
		"systemctl enable --now representord": services, "systemctl restart openvswitch-switch": services, "systemctl restart ovn-controller representord": services,
		"systemctl restart ovn-ovsdb-server-sb": services, "systemctl restart representord": services, "systemctl start ovn-controller": services,
		"systemctl start ovs-vswitchd": services, "systemctl status": services,
		"timedatectl": "", // needs a clock that was never set, and a time server
	}
}

// A command that nobody has run where it is printed may be no help there, or do harm.
func TestEachCommandThatIsPrintedIsRunByATest(t *testing.T) {
	tried := triedIn()
	for begins, where := range tried {
		path, name, _ := strings.Cut(where, " ")
		if where == "" {
			continue
		}
		if text, err := os.ReadFile(filepath.Join("../..", path)); err != nil || !strings.Contains(string(text), "func "+name+"(") {
			t.Errorf("%q is said to be tried in %s, which isn't there: %v", begins, where, err)
		}
	}
	found := 0
	for _, dir := range []string{"../../doctor", "../../explain", "../../plug"} {
		for command, at := range printedCommands(t, dir) {
			found++
			if !slices.ContainsFunc(slices.Collect(maps.Keys(tried)), func(begins string) bool { return strings.HasPrefix(command, begins) }) {
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
	}
	if found < 50 {
		t.Errorf("only %d commands were found", found)
	}
}
