package southbound

import (
	"testing"

	"github.com/representord/representord/representor"
)

func TestMAC_OfALogicalPortIsTheOnlyOneThatItHas(t *testing.T) {
	one := representor.MAC{0x00, 0x53, 0, 0, 1, 1}
	for name, tt := range map[string]struct {
		addresses []string
		want      representor.MAC
	}{
		"with its IP addresses":            {[]string{"00:53:00:00:01:01 192.0.2.11 2001:db8::11"}, one},
		"alone":                            {[]string{"00:53:00:00:01:01"}, one},
		"in upper case, after blanks":      {[]string{"  00:53:00:00:01:01 192.0.2.11"}, one},
		"beside unknown":                   {[]string{"unknown", "00:53:00:00:01:01 192.0.2.11"}, one},
		"twice the same":                   {[]string{"00:53:00:00:01:01 192.0.2.11", "00:53:00:00:01:01 192.0.2.12"}, one},
		"two":                              {[]string{"00:53:00:00:01:01", "00:53:00:00:01:02"}, representor.MAC{}},
		"none":                             {nil, representor.MAC{}},
		"unknown only":                     {[]string{"unknown"}, representor.MAC{}},
		"a multicast address":              {[]string{"01:53:00:00:01:01"}, representor.MAC{}},
		"after a tab":                      {[]string{"00:53:00:00:01:01\t192.0.2.11"}, one},
		"beside one that a tab ends":       {[]string{"00:53:00:00:01:02\t192.0.2.11", "00:53:00:00:01:01"}, representor.MAC{}},
		"beside one that OVN reads":        {[]string{"0:53:0:0:1:2", "00:53:00:00:01:01"}, representor.MAC{}},
		"beside one that OVN gives":        {[]string{"dynamic", "00:53:00:00:01:01"}, representor.MAC{}},
		"beside a router's":                {[]string{"router", "00:53:00:00:01:01"}, representor.MAC{}},
		"beside a multicast address":       {[]string{"00:53:00:00:01:01", "01:53:00:00:01:01"}, representor.MAC{}},
		"with IP addresses that OVN gives": {[]string{"00:53:00:00:01:01 dynamic"}, one},
		"in a grammar that OVN has not":    {[]string{"0053.0000.0101"}, representor.MAC{}},
		"zero":                             {[]string{"00:00:00:00:00:00"}, representor.MAC{}},
		"of InfiniBand":                    {[]string{"00:53:00:00:01:01:02:03"}, representor.MAC{}},
		"nonsense, and as others wrote it": {[]string{"", " ", "\x00", "00-53"}, representor.MAC{}},
	} {
		if got := onlyMAC(tt.addresses); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
