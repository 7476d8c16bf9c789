package card

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/representor"
)

// withVPD writes what the PCI device's VPD says into a tree like sysfs.
func withVPD(t *testing.T, root, device, serial string) {
	t.Helper()
	fields := "SN" + string(rune(len(serial))) + serial
	sum := byte(0x90) + byte(len(fields)+4) + byte('R') + byte('V') + 1
	for _, b := range []byte(fields) {
		sum += b
	}
	data := append([]byte{0x90, byte(len(fields) + 4), 0}, fields...)
	data = append(data, 'R', 'V', 1, -sum, 0x78)
	dir := filepath.Join(root, "bus", "pci", "devices", device)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "vpd"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readSerials reads a card once.
func readSerials(t *testing.T, k *kernel, sysfs string) map[devlink.Handle]representor.Serial {
	t.Helper()
	o, err := Options{SysfsRoot: sysfs, UdevRoot: t.TempDir()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if err != nil {
		t.Fatal(err)
	}
	return c.Serials
}

func TestVPD_ASerialNumberThatDevlinkDoesNotTellIsReadFromIt(t *testing.T) {
	h := pci("0000:03:00.0")
	for _, c := range []struct {
		name, devlink, vpd string
		want               representor.Serial
	}{
		{"devlink goes first", "MT2314XZ00YA", "OTHER01", representor.Serial{Number: "MT2314XZ00YA", From: representor.SerialFromDevlink}},
		{"devlink tells none", "", "MT2025K30970", representor.Serial{Number: "MT2025K30970", From: representor.SerialFromVPD}},
		{"devlink tells a placeholder", "N/A", "MT2025K30970", representor.Serial{Number: "MT2025K30970", From: representor.SerialFromVPD}},
		{"both tell placeholders", "N/A", "N/A", representor.Serial{Number: "N/A", From: representor.SerialFromVPD}},
		{"a placeholder, and no VPD", "N/A", "", representor.Serial{Number: "N/A", From: representor.SerialFromDevlink}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if c.vpd != "" {
				withVPD(t, root, h.Device, c.vpd)
			}
			k := dpu()
			k.infos = map[devlink.Handle]devlink.Info{h: {Handle: h, BoardSerialNumber: c.devlink, SerialNumber: "b8cef603006a1a2c"}}
			if diff := cmp.Diff(c.want, readSerials(t, k, root)[h]); diff != "" {
				t.Errorf("read once (-want +got):\n%s", diff)
			}
			synctest.Test(t, func(t *testing.T) {
				w, _ := watch(t, k, Options{SysfsRoot: root})
				pass(5 * time.Second)
				if diff := cmp.Diff(c.want, w.card().Serials[h]); diff != "" {
					t.Errorf("watched (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// mlx5 ends what it tells at the first blank, Nova doesn't: two cards would publish one number.
func TestVPD_HasTheSerialNumberThatTheDriverCutAtABlank(t *testing.T) {
	h := pci("0000:03:00.0")
	devlinks := func(number string) representor.Serial {
		return representor.Serial{Number: number, From: representor.SerialFromDevlink}
	}
	vpds := func(number string) representor.Serial {
		return representor.Serial{Number: number, From: representor.SerialFromVPD}
	}
	for _, c := range []struct {
		name, driver, devlink, vpd string
		want                       representor.Serial
	}{
		{"whole", "mlx5_core", "MT2314XZ00YA", "MT2314XZ00YA", devlinks("MT2314XZ00YA")},
		{"padded", "mlx5_core", "MT2314XZ00YA", "MT2314XZ00YA    ", devlinks("MT2314XZ00YA")},
		{"cut", "mlx5_core", "MT2314", "MT2314 XZ00YA", vpds("MT2314 XZ00YA")},
		{"a placeholder, cut", "mlx5_core", "To", "To be filled by O.E.M.", vpds("To be filled by O.E.M.")},
		{"no VPD to compare with", "mlx5_core", "MT2314", "", devlinks("MT2314")},
		{"another number, whatever that means", "mlx5_core", "MT2314", "MT2315 XZ00YA", devlinks("MT2314")},
		{"one that merely begins alike", "mlx5_core", "MT2314", "MT2314XZ00YA", devlinks("MT2314")},
		{"a driver that doesn't cut", "ice", "MT2314", "MT2314 XZ00YA", devlinks("MT2314")},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if c.vpd != "" {
				withVPD(t, root, h.Device, c.vpd)
			}
			k := dpu()
			k.infos = map[devlink.Handle]devlink.Info{h: {Handle: h, Driver: c.driver, BoardSerialNumber: c.devlink}}
			if diff := cmp.Diff(c.want, readSerials(t, k, root)[h]); diff != "" {
				t.Errorf("read once (-want +got):\n%s", diff)
			}
			synctest.Test(t, func(t *testing.T) {
				w, _ := watch(t, k, Options{SysfsRoot: root})
				pass(5 * time.Second)
				if diff := cmp.Diff(c.want, w.card().Serials[h]); diff != "" {
					t.Errorf("watched (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// What may be half a number is published by nobody, and then replaced by the whole one.
func TestVPD_ANumberThatMayBeCutIsNotShownBeforeItHasAnswered(t *testing.T) {
	h := pci("0000:03:00.0")
	s := state{ports: portList{ports: dpu().ports}, serials: map[devlink.Handle]toldSerial{h: {number: "MT2314", mayBeCut: true}}}
	if got, shown := s.card().Serials[h]; shown {
		t.Errorf("%+v before VPD has answered; want nothing", got)
	}
	s.vpd = map[devlink.Handle]vpdAnswer{h: noNumber("the card's VPD can't be read")}
	if got := s.card().Serials[h]; got != (representor.Serial{Number: "MT2314", From: representor.SerialFromDevlink}) {
		t.Errorf("%+v when VPD can't be read; want devlink's", got)
	}
}

// A placeholder would be told to the operator as a fault, and --once would not wait.
func TestVPD_APlaceholderOfDevlinksIsNotShownBeforeItHasAnswered(t *testing.T) {
	h := pci("0000:03:00.0")
	s := state{ports: portList{ports: dpu().ports}, serials: map[devlink.Handle]toldSerial{h: {number: "N/A"}}}
	if got, shown := s.card().Serials[h]; shown {
		t.Errorf("%+v before VPD has answered; want nothing", got)
	}
	s.vpd = map[devlink.Handle]vpdAnswer{h: noNumber("no VPD")}
	if got := s.card().Serials[h]; got != (representor.Serial{Number: "N/A", From: representor.SerialFromDevlink}) {
		t.Errorf("%+v when VPD has none either; want the placeholder", got)
	}
}

func TestVPD_WithoutAnySerialNumberItIsToldWhy(t *testing.T) {
	h := pci("0000:03:00.0")
	k := dpu()
	k.infos = nil
	root := t.TempDir()
	if s := readSerials(t, k, root)[h]; s.Number != "" || !strings.Contains(s.Problem, "no VPD ("+root) {
		t.Errorf("%+v", s)
	}
}

// Reading VPD is slow and may stall the card.
func TestVPD_OfACardIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pci("0000:03:00.0")
		root := t.TempDir()
		withVPD(t, root, h.Device, "MT2025K30970")
		k := dpu()
		k.infos = nil
		w, _ := watch(t, k, Options{SysfsRoot: root})
		pass(5 * time.Second)
		withVPD(t, root, h.Device, "REPLACED")
		k.portEvents.poke()
		pass(time.Hour)
		if s := w.card().Serials[h].Number; s != "MT2025K30970" {
			t.Errorf("the serial number is %q by now; want the one that was read first", s)
		}
	})
}

func TestVPD_ACardWithoutItIsAskedAgainNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pci("0000:03:00.0")
		root := t.TempDir()
		k := dpu()
		k.infos = nil
		w, _ := watch(t, k, Options{SysfsRoot: root})
		pass(5 * time.Second)
		if s := w.card().Serials[h]; s.Number != "" || s.Problem == "" {
			t.Fatalf("%+v; want none, and why", s)
		}
		withVPD(t, root, h.Device, "MT2025K30970")
		pass(2 * vpdRetry)
		if s := w.card().Serials[h].Number; s != "MT2025K30970" {
			t.Errorf("the serial number is %q; want what VPD tells by now", s)
		}
	})
}

// vpdOf reads the VPD of instances in a tree like sysfs, by a stage that it gives as well.
func vpdOf(t *testing.T, root string, devices ...string) (st *vpdStage, read func() (found map[devlink.Handle]vpdAnswer)) {
	t.Helper()
	wanted := map[devlink.Handle]bool{}
	for _, d := range devices {
		wanted[pci(d)] = true
	}
	stages := newStages(Options{SysfsRoot: root, Audit: time.Minute, Log: slog.New(slog.DiscardHandler)})
	st = &stages.vpd
	st.patience = 50 * time.Millisecond
	return st, func() map[devlink.Handle]vpdAnswer {
		found, _ := st.read(t.Context(), wanted)
		return found
	}
}

// hangingVPD makes a device's VPD one that doesn't answer until it is given up.
func hangingVPD(t *testing.T, root, device string) (giveUp func()) {
	t.Helper()
	path := filepath.Join(root, "bus", "pci", "devices", device, "vpd")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return func() { _ = w.Close() }
}

func TestVPD_SiblingFunctionsOfACardAreNotAskedBoth(t *testing.T) {
	root := t.TempDir()
	withVPD(t, root, "0000:03:00.0", "MT2025K30970")
	withVPD(t, root, "0000:03:00.1", "NOTASKED1")
	withVPD(t, root, "0000:04:00.0", "ANOTHER1")
	withVPD(t, root, "0000:05:00.1", "SECOND1") // its first function has none
	devices := []string{"0000:03:00.0", "0000:03:00.1", "0000:04:00.0", "0000:05:00.0", "0000:05:00.1"}
	_, read := vpdOf(t, root, devices...)
	found := read()
	for i, want := range []string{"MT2025K30970", "MT2025K30970", "ANOTHER1", "SECOND1", "SECOND1"} {
		if got := found[pci(devices[i])]; got.Serial != (representor.Serial{Number: want, From: representor.SerialFromVPD}) || got.absent {
			t.Errorf("%s: %+v, want %s", devices[i], got, want)
		}
	}
}

func TestVPD_ACardThatStallsIsAskedOnceForAllItsFunctions(t *testing.T) {
	root := t.TempDir()
	hangingVPD(t, root, "0000:03:00.0")
	withVPD(t, root, "0000:03:00.1", "NOTASKED1")
	withVPD(t, root, "0000:04:00.0", "ANOTHER1")
	_, read := vpdOf(t, root, "0000:03:00.0", "0000:03:00.1", "0000:04:00.0")
	found := read()
	first, second := found[pci("0000:03:00.0")], found[pci("0000:03:00.1")]
	if first.Number != "" || !strings.Contains(first.Problem, "doesn't answer in time") || second != first {
		t.Errorf("%+v and %+v; want both to say that the card doesn't answer", first, second)
	}
	if got := found[pci("0000:04:00.0")].Number; got != "ANOTHER1" {
		t.Errorf("the other card's number is %q", got)
	}
}

func TestVPD_ACardThatStallsIsNotAskedAgainBeforeItsLastReadHasReturned(t *testing.T) {
	root := t.TempDir()
	h := pci("0000:03:00.0")
	giveUp := hangingVPD(t, root, h.Device)
	st, read := vpdOf(t, root, h.Device)
	read()
	if err := os.Remove(filepath.Join(root, "bus", "pci", "devices", h.Device, "vpd")); err != nil {
		t.Fatal(err)
	}
	withVPD(t, root, h.Device, "MT2025K30970")
	st.due = retry.Due{}
	if a := read()[h]; a.Number != "" || !strings.Contains(a.Problem, "doesn't answer in time") {
		t.Fatalf("%+v; want it not asked while a read hangs", a)
	}
	giveUp()
	select {
	case <-st.reads["0000:03:00"]:
	case <-time.After(time.Minute):
		t.Fatal("the read has not returned")
	}
	st.due = retry.Due{}
	if a := read()[h]; a.Serial != (representor.Serial{Number: "MT2025K30970", From: representor.SerialFromVPD}) || a.absent {
		t.Errorf("%+v; want the number now", a)
	}
}
