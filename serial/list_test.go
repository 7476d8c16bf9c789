package serial

import (
	"slices"
	"testing"
)

func TestPublishedSerialNumbersAreReadAsNeutronReadsThem(t *testing.T) {
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

func TestOptionsAreInOtherConfigAndInExternalIDsOnlyWhereThatHasNone(t *testing.T) {
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
