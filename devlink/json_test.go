package devlink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/reason"
)

func TestParseJSON_ReadsWhatDevlinkPrintedAsItWas(t *testing.T) {
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

func TestParseJSON_OneMalformedPortDoesNotLoseTheOthers(t *testing.T) {
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
		"", "pci", "pci/0000:03:00.0", "pci/0000:03:00.0/", "pci/0000:03:00.0/x", "pci/0000:03:00.0/01",
		"pci/0000:03:00.0/4294967296", "pci/0000:03:00.0/-2147483649", "pci/0000:03:00.0/-0", "pci/0000:03:00.0/-01", "pci/0000:03:00.0/+1",
		"/0000:03:00.0/1", "pci//1", "pci/a/b/1", `pci/a\nb/1`, strings.Repeat("x", 1000) + "/y z/1",
	} {
		t.Run("key "+reason.Name(key), func(t *testing.T) {
			got, err := ParseJSON(strings.NewReader(`{"port":{"` + key + `":{},"pci/0000:03:00.0/2":{"netdev":"p0"}}}`))
			checkOneLeft(t, got, err)
			if len(err.Error()) > 600 {
				t.Errorf("the error has %d bytes; want it bounded", len(err.Error()))
			}
		})
	}
}

// iproute2 prints an index with %d (__pr_out_port_handle_start in devlink.c).
func TestParseJSON_APortIndexThatIsPrintedAsNegativeIsTheOneItWas(t *testing.T) {
	got, err := ParseJSON(
		strings.NewReader(`{"port":{"pci/0000:03:00.0/-1":{},"pci/0000:03:00.0/-2147483648":{},"pci/0000:03:00.0/2147483647":{}}}`))
	want := []Port{
		{Handle: pci("0000:03:00.0"), Index: 1<<31 - 1, Flavour: FlavourUnknown},
		{Handle: pci("0000:03:00.0"), Index: 1 << 31, Flavour: FlavourUnknown},
		{Handle: pci("0000:03:00.0"), Index: 1<<32 - 1, Flavour: FlavourUnknown},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v; ports (-want +got):\n%s", err, diff)
	}
}

func TestParseJSON_AMalformedPortTellsItsFlavourAsFarAsThatCanBeRead(t *testing.T) {
	for body, want := range map[string]Flavour{
		`{"flavour":"pcivf","vfnum":-1}`:                  FlavourPCIVF,
		`{"vfnum":"x","flavour":"pcipf"}`:                 FlavourPCIPF,
		`{"flavour":"pcisf","function":{"hw_addr":"x"}}`:  FlavourPCISF,
		`{"flavour":7,"vfnum":0}`:                         FlavourUnknown,
		`{"flavour":"of a kind that is new","vfnum":"x"}`: FlavourUnknown,
		`{"vfnum":"x"}`:                                   FlavourUnknown,
		`[{"flavour":"pcivf"}]`:                           FlavourUnknown,
		`null`:                                            FlavourUnknown,
	} {
		_, err := ParseJSON(strings.NewReader(`{"port":{"pci/0000:03:00.0/1":` + body + `}}`))
		var port *PortError
		if !errors.As(err, &port) || port.Flavour != want || port.Key != "pci/0000:03:00.0/1" {
			t.Errorf("%s: %+v, %v; want flavour %s", body, port, err, want)
		}
	}
	_, err := ParseJSON(strings.NewReader(`{"port":{"odd key":{"flavour":"pcivf"}}}`))
	var port *PortError
	if !errors.As(err, &port) || port.Flavour != FlavourPCIVF {
		t.Errorf("an odd key: %+v, %v; want its flavour", port, err)
	}
}

// A MalformedError keeps the first few causes only. One flavour may be odd as a whole.
func TestParseJSON_MalformedPortsThatMayBePFsAreToldFirst(t *testing.T) {
	var ports []string
	for i := range 20 {
		ports = append(ports, fmt.Sprintf(`"pci/0000:03:00.0/%d":{"flavour":"pcivf","vfnum":-1}`, i))
	}
	ports = append(ports, `"pci/0000:04:00.0/1":{"flavour":"pcipf","pfnum":"x"}`, `"pci/0000:04:00.0/2":{"vfnum":"x"}`)
	_, err := ParseJSON(strings.NewReader(`{"port":{` + strings.Join(ports, ",") + `}}`))
	var malformed *netlinkio.MalformedError
	if !errors.As(err, &malformed) || malformed.Count != len(ports) {
		t.Fatalf("%v; want %d ports left out", err, len(ports))
	}
	for i, cause := range malformed.Causes {
		var port *PortError
		if !errors.As(cause, &port) || port.MayBePF() != (i < 2) {
			t.Errorf("cause %d is %+v", i, cause)
		}
	}
}

// Who gives it the wrong input sees what it was, in words that aren't a programmer's.
func TestParseJSON_AnErrorIsInTheWordsOfItsReader(t *testing.T) {
	for name, tt := range map[string]struct{ input, want string }{
		"nothing":     {"", `it is empty; the output of "devlink -j port show" was expected`},
		"white space": {" \n", `it is empty; the output of "devlink -j port show" was expected`},
		"text": {"pci/0000:03:00.0/1: type eth netdev p0 flavour physical port 0\n",
			`this is what devlink prints without -j; the output of "devlink -j port show" was expected`},
		"text of one SF": {"auxiliary/mlx5_core.sf.4/1: type eth\n",
			`this is what devlink prints without -j; the output of "devlink -j port show" was expected`},
		"no JSON": {"no JSON", `not JSON (invalid character 'o' in literal null (expecting 'u'), at byte 2); ` +
			`the output of "devlink -j port show" was expected`},
		"cut short": {`{"port":{"pci/0000:03:00.0/1":{`,
			`the JSON ends too early, after 31 bytes; the output of "devlink -j port show" was expected`},
		"a list":        {`[]`, `a list, where an object was expected; the output of "devlink -j port show" was expected`},
		"a text":        {`"port"`, `a text, where an object was expected; the output of "devlink -j port show" was expected`},
		"null":          {`null`, `null, where an object was expected; the output of "devlink -j port show" was expected`},
		"port a list":   {`{"port":[]}`, `"port" is a list, where an object was expected; the output of "devlink -j port show" was expected`},
		"port null":     {`{"port":null}`, `"port" is null, where an object was expected; the output of "devlink -j port show" was expected`},
		"another query": {`{"dev":{}}`, `it has no object "port"; the output of "devlink -j port show" was expected`},
		"two documents": {`{"port":{}}{"port":{}}`,
			`not JSON (invalid character '{' after top-level value, at byte 12); the output of "devlink -j port show" was expected`},
		"a number": {port1(`{"vfnum":65536}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "vfnum" is 65536, where ` +
				`a number from 0 to 65535 was expected`},
		"a negative one": {port1(`{"controller":-1}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "controller" is -1, where ` +
				`a number from 0 to 4294967295 was expected`},
		"a text for one": {port1(`{"sfnum":"x"}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "sfnum" is a text, where ` +
				`a number from 0 to 4294967295 was expected`},
		"a number for yes": {port1(`{"external":1}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "external" is a number, where true or false was expected`},
		"no function": {port1(`{"function":[]}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "function" is a list, where an object was expected`},
		"no address": {port1(`{"function":{"hw_addr":{}}}`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": "function.hw_addr" is an object, where a text was expected`},
		"no port": {port1(`[]`),
			`left out malformed devlink ports: 1, the first: port "pci/0000:03:00.0/1": a list, where an object was expected`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseJSON(strings.NewReader(tt.input))
			if err == nil || strings.TrimPrefix(err.Error(), "read devlink's JSON: ") != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func port1(body string) string { return `{"port":{"pci/0000:03:00.0/1":` + body + `}}` }

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

func TestParseJSON_WhatIsNotDevlinksJSONIsAnError(t *testing.T) {
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

func TestParseJSON_InputIsBounded(t *testing.T) {
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
