package cardserial

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/internal/reason"
)

func TestSerial_NumberIsTrimmedAndOtherwiseKept(t *testing.T) {
	for in, want := range map[string]string{
		"MT2206X07512":               "MT2206X07512",
		"  MT2206X07512 \x00\x00":    "MT2206X07512",
		"\x00 mt2206x07512":          "mt2206x07512",
		"ab":                         "ab",
		"a/b=c;d":                    "a/b=c;d",
		"N/A1":                       "N/A1",
		strings.Repeat("ab", Most/2): strings.Repeat("ab", Most/2),
	} {
		if got, err := Normalize(in); got != want || err != nil {
			t.Errorf("%q gives %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestSerial_WhatCanNotTellCardsApartIsRefused(t *testing.T) {
	for in, want := range map[string]reason.Code{
		"":                             CodeEmpty,
		" \x00 ":                       CodeEmpty,
		"N/A":                          CodePlaceholder,
		" n/a ":                        CodePlaceholder,
		"None":                         CodePlaceholder,
		"UNKNOWN":                      CodePlaceholder,
		"tbd":                          CodePlaceholder,
		"To Be Filled By O.E.M.":       CodePlaceholder,
		"0":                            CodePlaceholder,
		"0000000000":                   CodePlaceholder,
		"XXXX":                         CodePlaceholder,
		"éé":                           CodePlaceholder,
		"\xff\xff":                     CodeMalformed,
		"MT1,MT2":                      CodeMalformed,
		"MT 1":                         CodeMalformed,
		"MT\t1":                        CodeMalformed,
		"MT\x001":                      CodeMalformed,
		"MT\u00a01":                    CodeMalformed,
		"MT\u200b1":                    CodeMalformed,
		"MT\xff":                       CodeMalformed,
		strings.Repeat("ab", Most)[1:]: CodeMalformed,
	} {
		got, err := Normalize(in)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != want || refused.Value != in || got != "" {
			t.Errorf("%q gives %q, %v; want %s", in, got, err, want)
		}
	}
}

func TestSerial_WhatIsNormalStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ \x00]*[ -~]{0,20}[ \x00]*`)).Draw(t, "serial")
		n, err := Normalize(in)
		if err != nil {
			return
		}
		if again, err := Normalize(n); again != n || err != nil {
			t.Fatalf("%q gives %q, and that %q, %v", in, n, again, err)
		}
		if n == "" || len(n) > Most || strings.ContainsAny(n, ", \t\n\x00") {
			t.Fatalf("%q gives %q", in, n)
		}
	})
}
