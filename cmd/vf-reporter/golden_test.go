package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/pcitree"
)

func TestMain(m *testing.M) { leaks.Main(m) }

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write the golden files")

func newLibvirt() hypervisor.Release { return hypervisor.Release{Major: 9} }

// noKernel fails every test that asks the kernel about a tree that isn't its own.
type noKernel struct{ t *testing.T }

func (k noKernel) Links(context.Context) ([]netdev.Link, error) {
	k.t.Error("the kernel was asked about another machine's sysfs")
	return nil, errors.New("not here")
}

// outcome is everything that one run of the program shows.
type outcome struct {
	status         int
	stdout, stderr string
}

func (o outcome) String() string {
	return fmt.Sprintf("exit status %d\n--- standard output\n%s--- standard error\n%s", o.status, o.stdout, o.stderr)
}

func run1(t *testing.T, tree *pcitree.Tree, software hypervisor.Software, args ...string) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	p := program{
		stdout: &stdout, stderr: &stderr, version: "1.2.3", commit: "0123456789ab", links: noKernel{t},
		software: func() hypervisor.Software { return software }, vpdDeadline: time.Minute, patience: time.Minute,
	}
	status := p.run(t.Context(), append([]string{"--path.sysfs", tree.Root}, args...))
	hide := func(s string) string { return strings.ReplaceAll(s, tree.Root, "SYSFS") }
	return outcome{status, hide(stdout.String()), hide(stderr.String())}
}

// bluefield is a PF of a DPU.
func bluefield(address, name, mac string, vfs int, vpd []byte) pcitree.PF {
	return pcitree.PF{
		Function: pcitree.Function{
			Address: address, Vendor: "15b3", Product: "a2d6", Driver: "mlx5_core",
			Netdevs: []pcitree.Netdev{{Name: name, MAC: mac}}, VPD: vpd,
		},
		TotalVFs: 8, VFs: vfs, Offset: 2, Stride: 1, VFProduct: "101e", VFDriver: "mlx5_core", VFNetdev: name + "v",
	}
}

func serialVPD(number string) []byte {
	return pcitree.VPD("BlueField-2 DPU 100GbE Dual-Port QSFP56", "MBF2M516A-CECOT", number)
}

// good is a hypervisor with one DPU, whose second PF has no VFs yet.
func good(t *testing.T) *pcitree.Tree {
	t.Helper()
	tree := pcitree.New(t)
	tree.AddPF(bluefield("0000:03:00.0", "enp3s0f0np0", "00:53:00:00:00:42", 3, serialVPD("MT2206X07512")))
	tree.AddPF(bluefield("0000:03:00.1", "enp3s0f1np1", "00:53:00:00:00:43", 0, serialVPD("MT2206X07512")))
	return tree
}

// troubled has whatever may be wrong.
func troubled(t *testing.T) *pcitree.Tree {
	t.Helper()
	tree := pcitree.New(t)
	broken := serialVPD("MT1")
	p := bluefield("0000:03:00.0", "bonded", "00:53:00:00:00:77", 2, broken[:len(broken)-1])
	p.Netdevs[0].Set, p.Netdevs[0].Bond, p.Netdevs[0].PermHWAddr = true, "bond0", "00:53:00:00:00:42"
	tree.AddPF(p)
	tree.Link(tree.Device("0000:03:00.0", "virtfn1"), "../0000:03:00.7")
	p = bluefield("0000:04:00.0", "", "", 1, serialVPD("N/A"))
	p.Netdevs, p.Driver, p.VFNetdev = nil, "vfio-pci", ""
	tree.AddPF(p)
	p = bluefield("0000:05:00.0", "odd\x1b[31m", "00:53:00:00:00:44", 1, nil)
	p.Netdevs[0].Set = true
	p.Offset = 3
	tree.AddPF(p)
	tree.Write(tree.Device("0000:05:00.0", "sriov_offset"), "4\n")
	p = bluefield("0000:06:00.0", "none", "00:53:00:00:00:45", 0, nil)
	p.TotalVFs = 0
	tree.AddPF(p)
	if err := os.Symlink("/proc/sys/net/ipv4/route/flush", tree.Path(tree.Device("0000:06:00.0", "vpd"))); err != nil {
		t.Fatal(err)
	}
	tree.Add(pcitree.Function{Address: "0000:06:00.3", Vendor: "15b3", Product: "c2d3", Class: "080100"})
	tree.Add(pcitree.Function{Address: "0000:07:00.1", Vendor: "15b3", Product: "c2d3", Class: "080100"})
	p = bluefield("0000:08:00.0", "orphan", "00:53:00:00:00:46", 1, nil)
	tree.AddPF(p)
	tree.Remove("bus/pci/devices/0000:08:00.0")
	return tree
}

// mixed has cards whose functions don't say the same serial number.
func mixed(t *testing.T) *pcitree.Tree {
	t.Helper()
	tree := pcitree.New(t)
	broken := serialVPD("MT3")
	for _, f := range []struct {
		address string
		vpd     []byte
	}{
		{"0000:03:00.0", serialVPD("MT1")}, {"0000:03:00.1", nil}, // a PF without VPD beside one with, whose VF has another number
		{"0000:04:00.0", broken[:len(broken)-1]}, {"0000:04:00.1", serialVPD("MT3")},
		{"0000:05:00.0", nil}, // VFs with VPD, one of which libvirt refuses, and a PF without
	} {
		p := bluefield(f.address, "p"+f.address[6:7]+f.address[11:], "00:53:00:00:00:4"+f.address[6:7], 2, f.vpd)
		p.Offset, p.Stride = 8, 1
		if f.address[11] == '1' {
			p.Offset = 16
		}
		tree.AddPF(p)
	}
	tree.Write(tree.Device("0000:03:01.1", "vpd"), string(serialVPD("MT2")))
	tree.Write(tree.Device("0000:05:01.0", "vpd"), string(serialVPD("MT4")))
	tree.Write(tree.Device("0000:05:01.1", "vpd"), string(broken[:len(broken)-1]))
	return tree
}

func TestGoldenOutputs(t *testing.T) {
	empty := pcitree.New
	nic := func(tb testing.TB) *pcitree.Tree {
		tb.Helper()
		tree := pcitree.New(tb)
		tree.Add(pcitree.Function{Address: "0000:01:00.0", Vendor: "8086", Product: "1533"})
		return tree
	}
	goodTree, troubledTree, mixedTree := good(t), troubled(t), mixed(t)
	file := filepath.Join(t.TempDir(), "spec")
	if err := os.WriteFile(
		file, []byte(`[{"vendor_id": "15b3", "product_id": "101e", "remote_managed": "true", "physical_network": "physnet1"}]`),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		tree    *pcitree.Tree
		libvirt hypervisor.Release
		nova    hypervisor.Release
		neutron hypervisor.Release
		args    []string
	}{
		{name: "list", tree: goodTree, args: []string{"list"}},
		{name: "list-json", tree: goodTree, args: []string{"list", "-j"}},
		{name: "list-device-spec", tree: goodTree, args: []string{"list", "--device-spec",
			`{"address":"*:03:00.3","physical_network":"physnet1"}`, "--device-spec",
			`{"address":{"bus":"03","function":"[4-7]"},"remote_managed":"true"}`}},
		{name: "list-device-spec-json", tree: goodTree, args: []string{"list", "-j", "--device-spec", "@" + file}},
		{name: "list-troubled", tree: troubledTree, args: []string{"list"}},
		{name: "list-troubled-json", tree: troubledTree, args: []string{"list", "-j"}},
		{name: "list-troubled-device-spec", tree: troubledTree, args: []string{"list", "--device-spec", "@" + file}},
		{name: "list-none", tree: empty(t), args: []string{"list"}},
		{name: "list-none-json", tree: empty(t), args: []string{"list", "-j"}},
		{name: "list-no-such-sysfs", tree: empty(t), args: []string{"list", "--path.sysfs", "/nonexistent"}},
		{name: "profile", tree: goodTree, args: []string{"profile", "0000:03:00.3"}},
		{name: "profile-netdev", tree: goodTree, args: []string{"profile", "enp3s0f0np0v1", "--physical-network", "physnet1"}},
		{name: "profile-device-spec", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--device-spec", "@" + file}},
		{name: "profile-json", tree: goodTree, args: []string{"profile", "0000:03:00.3", "-j"}},
		{name: "profile-nova", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--format", "nova"}},
		{name: "profile-nova-json", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--format", "nova", "-j"}},
		{name: "profile-ovn-nbctl", tree: goodTree,
			args: []string{"profile", "0000:03:00.3", "--format", "ovn-nbctl", "--port", "vm 1", "--chassis", "dpu1.example.com"}},
		{name: "profile-ovn-nbctl-json", tree: goodTree,
			args: []string{"profile", "0000:03:00.3", "--format", "ovn-nbctl", "--port", "vm1", "--chassis", "dpu1", "-j"}},
		{name: "profile-options", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--format", "options"}},
		{name: "profile-options-json", tree: goodTree,
			args: []string{"profile", "0000:03:00.3", "--format", "options", "--chassis", "dpu1", "-j"}},
		{name: "profile-options-no-serial", tree: troubledTree, args: []string{"profile", "0000:03:00.2", "--format", "options"}},
		{name: "profile-bonded", tree: troubledTree, args: []string{"profile", "0000:03:00.2"}},
		{name: "profile-vfio", tree: troubledTree, args: []string{"profile", "0000:04:00.2"}},
		{name: "profile-vfio-options", tree: troubledTree, args: []string{"profile", "0000:04:00.2", "--format", "options"}},
		{name: "profile-no-number", tree: troubledTree, args: []string{"profile", "0000:03:00.3"}},
		{name: "profile-orphan", tree: troubledTree, args: []string{"profile", "0000:08:00.2"}},
		{name: "profile-pf", tree: goodTree, args: []string{"profile", "enp3s0f0np0"}},
		{name: "profile-nobody", tree: goodTree, args: []string{"profile", "0000:09:00.0"}},
		{name: "profile-hyphen", tree: goodTree,
			args: []string{"profile", "0000:03:00.3", "--format", "ovn-nbctl", "--port", "-x", "--chassis", "dpu1"}},
		{name: "serial", tree: goodTree, args: []string{"serial"}},
		{name: "serial-json", tree: goodTree, args: []string{"serial", "-j"}},
		{name: "serial-troubled", tree: troubledTree, args: []string{"serial"}},
		{name: "serial-mixed", tree: mixedTree, args: []string{"serial"}},
		{name: "serial-mixed-json", tree: mixedTree, args: []string{"serial", "-j"}},
		{name: "list-mixed", tree: mixedTree, args: []string{"list"}},
		{name: "check-mixed", tree: mixedTree, libvirt: newLibvirt(), args: []string{"check", "--device-spec", "@" + file}},
		{name: "profile-mixed", tree: mixedTree, args: []string{"profile", "0000:03:01.1"}},
		{name: "profile-mixed-pf", tree: mixedTree, args: []string{"profile", "0000:03:01.0"}},
		{name: "profile-mixed-sibling", tree: mixedTree, args: []string{"profile", "0000:03:02.1"}},
		{name: "serial-none", tree: empty(t), args: []string{"serial"}},
		{name: "check", tree: goodTree, libvirt: newLibvirt(), args: []string{"check"}},
		{name: "check-json", tree: goodTree, libvirt: newLibvirt(), args: []string{"check", "-j"}},
		{name: "check-device-spec", tree: goodTree, libvirt: newLibvirt(),
			args: []string{"check", "--device-spec", `{"address":"0000:03:00.*","product_id":"101e","remote_managed":"true"}`}},
		{name: "check-device-spec-none", tree: goodTree, libvirt: newLibvirt(),
			args: []string{"check", "--device-spec", `{"remote_managed":"ja","devname":"enp9"}`}},
		{name: "check-device-spec-pf", tree: goodTree, libvirt: newLibvirt(),
			args: []string{"check", "--device-spec", `{"vendor_id":"15b3","remote_managed":"true"}`}},
		{name: "check-troubled", tree: troubledTree, libvirt: hypervisor.Release{Major: 8}, args: []string{"check"}},
		{name: "check-troubled-device-spec", tree: troubledTree, libvirt: newLibvirt(), args: []string{"check", "--device-spec", "@" + file}},
		{name: "check-old-libvirt", tree: goodTree, libvirt: hypervisor.Release{Major: 7, Patch: 1}, args: []string{"check"}},
		{name: "check-debian-12", tree: goodTree, libvirt: newLibvirt(), nova: hypervisor.Release{Major: 26, Minor: 2, Patch: 2},
			neutron: hypervisor.Release{Major: 21}, args: []string{"check", "--device-spec", "@" + file}},
		{name: "check-debian-12-nova", tree: goodTree, libvirt: newLibvirt(), nova: hypervisor.Release{Major: 26, Minor: 2, Patch: 2},
			args: []string{"check"}},
		{name: "check-none", tree: empty(t), args: []string{"check"}},
		{name: "check-nic", tree: nic(t), libvirt: newLibvirt(), args: []string{"check"}},
		{name: "usage-device-spec", tree: goodTree,
			args: []string{"check", "--device-spec", `{"address":"0000:03:00.0","remote_managed":"true"}`}},
		{name: "usage-device-spec-product", tree: goodTree,
			args: []string{"check", "--device-spec", `{"address":"0000:03:00.0","product_id":"101e","remote_managed":"true"}`}},
		{name: "usage-device-spec-devname", tree: goodTree,
			args: []string{"list", "--device-spec",
				`{"devname":"enp3s0f0np0","product_id":"101e","physical_network":"physnet1","remote_managed":"true"}`}},
		{name: "usage-device-spec-file", tree: goodTree, args: []string{"check", "--device-spec", "@/nonexistent"}},
		{name: "usage-format", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--format", "xml"}},
		{name: "usage-ovn-nbctl", tree: goodTree, args: []string{"profile", "0000:03:00.3", "--format", "ovn-nbctl"}},
		{name: "usage-no-vf", tree: goodTree, args: []string{"profile"}},
		{name: "usage-unknown-command", tree: goodTree, args: []string{"plug"}},
		{name: "complete-vf", tree: goodTree, args: []string{"__complete", "profile", ""}},
		{name: "complete-vf-troubled", tree: troubledTree, args: []string{"__complete", "profile", ""}},
		{name: "complete-vf-twice", tree: goodTree, args: []string{"__complete", "profile", "0000:03:00.2", ""}},
		{name: "complete-vf-nowhere", tree: goodTree, args: []string{"__complete", "--path.sysfs=/nonexistent", "profile", ""}},
		{name: "complete-format", tree: goodTree, args: []string{"__complete", "profile", "--format", ""}},
		{name: "help", tree: goodTree, args: []string{"--help"}},
		{name: "help-profile", tree: goodTree, args: []string{"profile", "--help"}},
		{name: "version", tree: goodTree, args: []string{"--version"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run1(t, c.tree, hypervisor.Software{Libvirt: c.libvirt, Nova: c.nova, Neutron: c.neutron}, c.args...).String()
			path := filepath.Join("testdata", c.name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if bytes.ContainsRune([]byte(got), '\x1b') {
				t.Error("the terminal is told to do something")
			}
		})
	}
}

// watcher tells when a text was written.
type watcher struct {
	text strings.Builder
	what string
	seen chan struct{}
}

func (w *watcher) Write(b []byte) (int, error) {
	n, err := w.text.Write(b)
	if w.what != "" && strings.Contains(w.text.String(), w.what) {
		w.what = ""
		close(w.seen)
	}
	return n, err
}

func TestCard_ThatHangsHoldsUpNoOther(t *testing.T) {
	tree := pcitree.New(t)
	hung := bluefield("0000:02:00.0", "hung", "00:53:00:00:00:41", 1, nil)
	tree.AddPF(hung)
	path := tree.Path(tree.Device("0000:02:00.0", "vpd"))
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	tree.AddPF(bluefield("0000:03:00.0", "fine", "00:53:00:00:00:42", 1, serialVPD("MT2206X07512")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watcher{what: "MT2206X07512", seen: make(chan struct{})}
	p := program{stdout: out, stderr: &strings.Builder{}, links: noKernel{t}, vpdDeadline: time.Hour, patience: time.Millisecond}
	done := make(chan int)
	go func() { done <- p.run(ctx, []string{"--path.sysfs", tree.Root, "list"}) }()
	select {
	case <-out.seen: // long before the other's deadline
	case <-time.After(time.Minute):
		t.Error("the card that is fine isn't listed")
	}
	cancel()
	if status := <-done; status != exitOK {
		t.Errorf("exit status %d", status)
	}
	if text := out.text.String(); !strings.Contains(text, "VPD of card 0000:02:00 can't be read") ||
		strings.Index(text, "0000:02:00.2") < strings.Index(text, "MT2206X07512") {
		t.Error(text)
	}
	// Let the reader go that is in the kernel still.
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()

	blocked, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	p = program{stdout: &text, stderr: &strings.Builder{}, links: noKernel{t}, vpdDeadline: 100 * time.Millisecond}
	began := time.Now()
	status := p.run(t.Context(), []string{"--path.sysfs", tree.Root, "list"})
	took := time.Since(began)
	_ = blocked.Close()
	if !strings.Contains(text.String(), "the card doesn't answer in time") || status != exitOK {
		t.Errorf("exit status %d\n%s", status, text.String())
	}
	if took > 20*time.Second {
		t.Errorf("it took %v, with a deadline of 100 ms", took)
	}
}

func TestProgram_TheKernelIsAskedAboutItsOwnSysfsAlone(t *testing.T) {
	asked := 0
	for sysfs, want := range map[string]int{"/sys": 1, "/sys/": 1, "/sys/../sys": 1, pcitree.New(t).Root: 0} {
		asked = 0
		p := program{stdout: &strings.Builder{}, stderr: &strings.Builder{}, links: counter{&asked}, vpdDeadline: time.Millisecond}
		p.run(t.Context(), []string{"--path.sysfs", sysfs, "profile", "0000:ff:1f.7"})
		if asked != want {
			t.Errorf("with %s the kernel was asked %d times, want %d", sysfs, asked, want)
		}
	}
}

// counter counts questions to the kernel.
type counter struct{ n *int }

func (c counter) Links(context.Context) ([]netdev.Link, error) {
	*c.n++
	return nil, nil
}
