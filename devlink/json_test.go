package devlink

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/netlinkio"
)

func TestJSONOfDevlinkIsReadAsItWasPrinted(t *testing.T) {
	for file, want := range map[string][]Port{
		"bluefield-5.4.json": {
			{
				Handle: pci("0000:03:00.0"), Index: 196608, Type: TypeEth, Flavour: FlavourPCIPF,
				PF: Some(uint16(0)), NetdevName: "pf0hpf",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 196609, Type: TypeEth, Flavour: FlavourPCIVF,
				PF: Some(uint16(0)), VF: Some(uint16(0)), NetdevName: "pf0vf0",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 262143, Type: TypeEth, Flavour: FlavourPhysical,
				Number: Some(uint32(0)), NetdevName: "p0",
			},
		},
		"bluefield-6.8.json": {
			{
				Handle: Handle{Bus: "auxiliary", Device: "mlx5_core.sf.4"}, Index: 1, Type: TypeEth, Flavour: FlavourVirtual,
				Number: Some(uint32(0)), NetdevName: "p0sf88",
			},
			{
				Handle: pci("0000:03:00.0"), Index: 327680, Type: TypeEth, Flavour: FlavourPCIPF,
				Controller: Some(uint32(1)), External: Some(true), PF: Some(uint16(0)), NetdevName: "pf0hpf",
				Function: &Function{HWAddr: mac("5c:25:73:37:70:5a")},
			},
			{
				Handle: pci("0000:06:00.0"), Index: 2, Type: TypeEth, Flavour: FlavourPCIVF,
				Controller: Some(uint32(1)), External: Some(true), PF: Some(uint16(0)), VF: Some(uint16(1)), NetdevName: "ens2f0c1pf0vf1",
				Function: &Function{HWAddr: mac("00:00:00:00:00:00")},
			},
			{
				Handle: pci("0000:06:00.0"), Index: 32768, Type: TypeEth, Flavour: FlavourPCISF,
				Controller: Some(uint32(0)), External: Some(false), PF: Some(uint16(0)), SF: Some(uint32(88)), NetdevName: "ens2f0npf0sf88",
				Function: &Function{HWAddr: mac("00:00:00:00:88:88"), State: StateActive, OpState: OpStateAttached},
			},
			{
				Handle: pci("0000:06:00.0"), Index: 163840, Type: TypeNotSet, Flavour: FlavourPCISF,
				Controller: Some(uint32(1)), PF: Some(uint16(0)), SF: Some(uint32(77)),
			},
			{
				Handle: pci("0000:08:00.0"), Index: 0, Type: TypeEth, Flavour: FlavourPhysical,
				Number: Some(uint32(0)), NetdevName: "ens785f0np0",
				Function: &Function{},
			},
			{Handle: pci("0000:08:00.0"), Index: 1, Type: TypeIB, Flavour: FlavourUnknown},
		},
		"none.json": {},
	} {
		t.Run(file, func(t *testing.T) {
			f, err := os.Open("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			got, err := ParseJSON(f)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("ports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneMalformedPortInJSONDoesNotLoseTheOthers(t *testing.T) {
	for name, body := range map[string]string{
		"vfnum beyond 16 bits": `{"type":"eth","flavour":"pcivf","pfnum":0,"vfnum":65536}`,
		"vfnum negative":       `{"vfnum":-1}`,
		"vfnum a fraction":     `{"vfnum":1.5}`,
		"vfnum text":           `{"vfnum":"1"}`,
		"external a number":    `{"external":1}`,
		"function a list":      `{"function":[]}`,
		"hw_addr of words":     `{"function":{"hw_addr":"unknown"}}`,
		"hw_addr with dots":    `{"function":{"hw_addr":"0053.0000.0042"}}`,
		"not an object":        `[]`,
		"null":                 `null`,
		"a string":             `"eth"`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseJSON(strings.NewReader(`{"port":{"pci/0000:03:00.0/1":` + body + `,"pci/0000:03:00.0/2":{"netdev":"p0"}}}`))
			checkOneLeft(t, got, err)
		})
	}
	for _, key := range []string{
		"", "pci", "pci/0000:03:00.0", "pci/0000:03:00.0/", "pci/0000:03:00.0/x", "pci/0000:03:00.0/-1", "pci/0000:03:00.0/01",
		"pci/0000:03:00.0/4294967296", "/0000:03:00.0/1", "pci//1", "pci/a/b/1", `pci/a\nb/1`, strings.Repeat("x", 1000) + "/y z/1",
	} {
		t.Run("key "+bounded(key), func(t *testing.T) {
			got, err := ParseJSON(strings.NewReader(`{"port":{"` + key + `":{},"pci/0000:03:00.0/2":{"netdev":"p0"}}}`))
			checkOneLeft(t, got, err)
			if len(err.Error()) > 400 {
				t.Errorf("the error has %d bytes; want it bounded", len(err.Error()))
			}
		})
	}
}

func checkOneLeft(t *testing.T, got []Port, err error) {
	t.Helper()
	var malformed *netlinkio.MalformedError
	if !errors.As(err, &malformed) || malformed.Count != 1 {
		t.Fatalf("got error %v; want one that counts 1 malformed port", err)
	}
	if len(got) != 1 || got[0].NetdevName != "p0" {
		t.Errorf("got %+v; want p0 alone", got)
	}
}

func TestWhatIsNotDevlinksJSONIsAnError(t *testing.T) {
	for name, input := range map[string]string{
		"nothing":       "",
		"text":          "pci/0000:03:00.0/1: type eth netdev p0",
		"another query": `{"dev":{}}`,
		"a list":        `[]`,
		"null":          `null`,
		"port null":     `{"port":null}`,
		"port a list":   `{"port":[]}`,
		"cut short":     `{"port":{"pci/0000:03:00.0/1":{`,
		"two documents": `{"port":{}}{"port":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseJSON(strings.NewReader(input))
			var malformed *netlinkio.MalformedError
			if err == nil || errors.As(err, &malformed) || got != nil {
				t.Errorf("got %+v, %v; want an error alone", got, err)
			}
		})
	}
}

func TestJSONInputIsBounded(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"port":{"`), spaces{})
	if _, err := ParseJSON(endless); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v; want an error about the size", err)
	}
}

// spaces never ends.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
