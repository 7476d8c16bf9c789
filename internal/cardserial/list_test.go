package cardserial

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

func TestList_PublishedSerialNumbersAreReadAsNeutronReadsThem(t *testing.T) {
	for list, want := range map[string][]string{
		"": nil,
		"enable-chassis-as-gw,availability-zones=a:b":             nil,
		"x,card-serial-number=MT2,card-serial-number=MT1,,y":      {"MT2", "MT1"},
		"card-serial-number=MT1, card-serial-number=MT2":          {"MT1"},
		"Card-serial-number=MT1,card-serial-number,x=card-serial": nil,
		"card-serial-number=":                                     {""},
		"card-serial-number=a=b ,card-serial-number=a=b ":         {"a=b ", "a=b "},
	} {
		if got := Published(list); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", list, got, want)
		}
	}
}

func TestOptions_AreInOtherConfigAndInExternalIDsOnlyWhereThatHasNone(t *testing.T) {
	has := func(list string) map[string]string { return map[string]string{OptionsKey: list} }
	for _, c := range []struct {
		name                     string
		otherConfig, externalIDs map[string]string
		want                     string
	}{
		{"nowhere", nil, nil, ""},
		{"now", has("new"), has("old"), "new"},
		{"now, and empty", has(""), has("old"), ""},
		{"before OVN 22.09", map[string]string{"x": "y"}, has("old"), "old"},
	} {
		if got := OptionsOf(c.otherConfig, c.externalIDs); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOptions_WhatOldNeutronsDoNotSeeIsKnown(t *testing.T) {
	has := func(list string) map[string]string { return map[string]string{OptionsKey: list} }
	for _, c := range []struct {
		name                     string
		otherConfig, externalIDs map[string]string
		want                     bool
	}{
		{"nothing published", has("enable-chassis-as-gw"), nil, false},
		{"before OVN 22.09", nil, has("card-serial-number=MT1"), false},
		{"since then", has("x,card-serial-number=MT1"), nil, true},
		{"copied by hand", has("x,card-serial-number=MT1"), has("x,card-serial-number=MT1"), false},
		{"another one is there", has("card-serial-number=MT1"), has("card-serial-number=MT12"), true},
		{"one of two", has("card-serial-number=MT1,card-serial-number=MT2"), has("card-serial-number=MT1"), true},
	} {
		if got := HiddenFromOldNeutron(c.otherConfig, c.externalIDs); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOptions_TheCommandCopiesTheListToWhereOldNeutronsLook(t *testing.T) {
	central := servers.OVN(t)
	for chassis, list := range map[string]string{
		"dpu1": "card-serial-number=MT1", "dpu 2": "enable-chassis-as-gw,card-serial-number=MT1,card-serial-number=MT 2",
		"dpu.3-4_5": "card-serial-number=a=b",
	} {
		central.Sbctl(t, "chassis-add", chassis, "geneve", fmt.Sprint("192.0.2.", len(chassis)))
		line, ok := strings.CutPrefix(CopyCommand(chassis, list), "ovn-sbctl ")
		if !ok {
			t.Fatal(line)
		}
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			t.Fatal(err)
		}
		central.Sbctl(t, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")...)
		got := central.Sbctl(t, "--bare", "--columns=external_ids", "list", "Chassis", chassis)
		if !strings.Contains(got, OptionsKey+"="+list) {
			t.Errorf("%s: %q, want %q", chassis, got, list)
		}
	}
	for _, chassis := range []string{"", "-x", "it's", "a`b", "a\nb"} {
		if got := CopyCommand(chassis, "card-serial-number=MT1"); !strings.Contains(got, "NAME") {
			t.Errorf("%q: %s", chassis, got)
		}
	}
}
