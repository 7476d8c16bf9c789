package pci

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseAddress_AddressesAreReadAsSysfsWritesThem(t *testing.T) {
	for _, s := range []string{"0000:03:00.0", "0000:ff:1f.7", "10000:e1:00.1", "ffffffff:00:00.0"} {
		a, err := ParseAddress(s)
		if err != nil || a.String() != s {
			t.Errorf("%s is read as %s, %v", s, a, err)
		}
	}
}

func TestParseAddress_WhatIsNoAddressIsRefused(t *testing.T) {
	for _, s := range []string{
		"", "03:00.0", "000:03:00.0", "000000000:03:00.0", "0000:3:00.0", "0000:03:0.0", "0000:03:00", "0000:03:00.",
		"0000:03:00.8", "0000:03:20.0", "0000:03:00.00", "+000:03:00.0", "0000:0x:00.0", "0000:03:00.0 ", "g000:03:00.0", "0000.03.00:0",
	} {
		if a, err := ParseAddress(s); err == nil {
			t.Errorf("%q is read as %s", s, a)
		}
	}
}

func TestParseAddress_EveryAddressIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Address{
			Domain: rapid.Uint32().Draw(t, "domain"), Bus: rapid.Uint8().Draw(t, "bus"),
			Device: rapid.Uint8Range(0, 31).Draw(t, "device"), Function: rapid.Uint8Range(0, 7).Draw(t, "function"),
		}
		if got, err := ParseAddress(a.String()); got != a || err != nil {
			t.Fatalf("%s is read as %s, %v", a, got, err)
		}
	})
}
