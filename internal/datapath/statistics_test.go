package datapath

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// counter is a kernel with one datapath, which it finds by its name.
type counter struct {
	missing error
	name    string
	answer  []genetlink.Message
}

func (counter) Close() error { return nil }

func (k counter) GetFamily(string) (genetlink.Family, error) {
	return genetlink.Family{ID: idDatapath}, k.missing
}

func (k counter) Execute(m genetlink.Message, family uint16, flags netlink.HeaderFlags) ([]genetlink.Message, error) {
	attrs, err := netlink.NewAttributeDecoder(m.Data[headerLen:])
	if err != nil || family != idDatapath || flags != netlink.Request || m.Header.Command != commandGet || !attrs.Next() ||
		attrs.Type() != attrDatapathName {
		return nil, errors.New("not asked for a datapath by name")
	}
	if attrs.String() != k.name {
		return nil, unix.ENODEV
	}
	return k.answer, nil
}

// counts is a datapath as Linux 6.1 shows it, with these bytes for statistics.
func counts(t *testing.T, stats []byte) genetlink.Message {
	t.Helper()
	a := netlink.NewAttributeEncoder()
	a.String(attrDatapathName, System)
	if stats != nil {
		a.Bytes(attrDatapathStats, stats)
	}
	a.Uint32(5, 0x20) // OVS_DP_ATTR_USER_FEATURES
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return message(1, versionDatapath, 7, b)
}

func words(values ...uint64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.NativeEndian.AppendUint64(b, v)
	}
	return b
}

func TestStatistics_AreThoseOfTheDatapathWithTheName(t *testing.T) {
	for name, stats := range map[string][]byte{
		"as Linux has them":          words(1000, 20, 3, 5),
		"longer, as a later one may": words(1000, 20, 3, 5, 99),
	} {
		got, err := statistics(counter{name: System, answer: []genetlink.Message{counts(t, stats)}}, System)
		if diff := cmp.Diff(Statistics{Hit: 1000, Missed: 20, Lost: 3, Flows: 5}, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

func TestStatistics_OfNoDatapathDoNotExist(t *testing.T) {
	for name, k := range map[string]counter{
		"no module":        {missing: os.ErrNotExist},
		"another datapath": {name: "ovs-netdev"},
	} {
		if s, err := statistics(k, System); !errors.Is(err, os.ErrNotExist) || s != (Statistics{}) {
			t.Errorf("%s: %+v, %v; want os.ErrNotExist", name, s, err)
		}
	}
}

func TestStatistics_ThatCannotBeReadAreAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		answer []genetlink.Message
		want   string
	}{
		"no answer":     {nil, "0 answers"},
		"no header":     {[]genetlink.Message{{Data: []byte{1}}}, "no header"},
		"no statistics": {[]genetlink.Message{counts(t, nil)}, "no statistics"},
		"cut short":     {[]genetlink.Message{counts(t, words(1, 2, 3))}, "24 bytes"},
		"malformed":     {[]genetlink.Message{message(1, versionDatapath, 7, []byte{200, 0, 3, 0})}, "attributes"},
	} {
		s, err := statistics(counter{name: System, answer: tt.answer}, System)
		if err == nil || !strings.Contains(err.Error(), tt.want) || s != (Statistics{}) {
			t.Errorf("%s: %+v, %v; want %q", name, s, err, tt.want)
		}
	}
}

func FuzzDecodeStatistics(f *testing.F) {
	f.Add([]byte{})
	f.Add(append([]byte{7, 0, 0, 0, 36, 0, 3, 0}, words(1000, 20, 3, 5)...))
	f.Add([]byte{7, 0, 0, 0, 12, 0, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decodeStatistics(b); err != nil && s != (Statistics{}) {
			t.Errorf("%+v with %v", s, err)
		}
	})
}
