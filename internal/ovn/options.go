package ovn

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// textMost bounds a serial number and an iface-id-ver, in bytes.
const textMost = 255

// ParseRequest reads what the options of a Port_Binding ask for, for a row that
// asks this chassis at all. Numbers have one way to be written: no sign, no space,
// no leading zero, no other base. Where an option that names the function breaks
// its grammar, the request is Invalid and nothing may be plugged: the nearest
// reading of it may be another tenant's function. An empty value is the same as
// none, as OVN's own tools leave them behind.
func ParseRequest(logicalPort string, options map[string]string) Request {
	r := Request{LogicalPort: logicalPort}
	var err error
	if r.Query, err = ParseQuery(options); err != nil {
		r.Invalid = refuse(err)
		return r
	}
	r.MTU, r.Warnings = parseMTU(options[option.MTU], r.Warnings)
	r.IfaceIDVer, r.Warnings = parseIfaceIDVer(options[option.IfaceIDVer], r.Warnings)
	return r
}

// OptionError is an option that breaks its grammar.
type OptionError struct {
	Option, Value string
	// Rule says what is wrong, to be read after the option and its value.
	Rule string
}

// Error shows as much of the value as is fit for it.
func (e *OptionError) Error() string {
	if e.Value == "" {
		return "option " + e.Option + " " + e.Rule
	}
	return "option " + e.Option + "=" + reason.Quote(e.Value) + " " + e.Rule
}

// ParseQuery reads the options that name the function. The error is an *OptionError.
func ParseQuery(options map[string]string) (representor.Query, error) {
	none := representor.Query{}
	q := representor.Query{Kind: representor.PF, CardSerial: options[option.CardSerial]}
	var wrong string
	if q.PFMAC, wrong = parsePFMAC(options[option.PFMAC]); wrong != "" {
		return none, &OptionError{option.PFMAC, options[option.PFMAC], wrong}
	}
	vf, sf, controller := options[option.VFNum], options[option.SFNum], options[option.Controller]
	if vf != "" {
		n, ok := parseNumber(vf, option.MaxVF)
		if !ok {
			return none, &OptionError{option.VFNum, vf, numberRule(option.MaxVF) + "; leave it out for the PF itself"}
		}
		q.Kind, q.Number = representor.VF, n
	}
	if sf != "" {
		n, ok := parseNumber(sf, math.MaxUint32)
		switch {
		case !ok:
			return none, &OptionError{option.SFNum, sf, numberRule(math.MaxUint32)}
		case vf != "":
			return none, &OptionError{option.SFNum, sf, "names an SF while " + option.VFNum + " names a VF; remove one of the two"}
		}
		q.Kind, q.Number = representor.SF, n
	}
	if controller != "" {
		n, ok := parseNumber(controller, math.MaxUint32)
		if !ok {
			return none, &OptionError{option.Controller, controller, numberRule(math.MaxUint32) + "; leave it out for any controller"}
		}
		q.Controller = devlink.Some(n)
	}
	if wrong := checkSerial(q.CardSerial); wrong != "" {
		return none, &OptionError{option.CardSerial, q.CardSerial, wrong}
	}
	return q, nil
}

// parsePFMAC reads a MAC, or says what is wrong with it.
func parsePFMAC(s string) (mac representor.MAC, wrong string) {
	const rule = "must be the PF's MAC, six pairs of hex digits with colons"
	parsed, err := option.ParsePFMAC(s)
	switch {
	case s == "":
		return mac, "is missing; it " + rule
	case errors.Is(err, option.ErrMACForm):
		return mac, rule
	case err != nil:
		return mac, "is " + err.Error() + ", which no PF has; it " + rule
	}
	return parsed, ""
}

// parseNumber reads a decimal number that is written the one way it can be.
func parseNumber(s string, most uint32) (uint32, bool) {
	if s == "" || len(s) > len("4294967295") || (s[0] == '0' && s != "0") {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > uint64(most) {
		return 0, false
	}
	return uint32(n), true
}

func numberRule(most uint32) string {
	return fmt.Sprintf("must be a decimal number from 0 to %d, without sign, spaces or leading zeros", most)
}

// checkSerial says what is wrong with a serial number that may be empty.
func checkSerial(s string) string {
	switch {
	case len(s) > textMost:
		return fmt.Sprintf("is longer than the %d bytes that a serial number may have", textMost)
	case strings.Contains(s, ","):
		return "has a comma, which no serial number may have: it separates entries of ovn-cms-options"
	case !printable(s) || strings.ContainsFunc(s, unicode.IsSpace):
		return "has white space or unprintable characters, which no serial number may have"
	}
	return ""
}

func parseMTU(s string, warnings []reason.Reason) (int, []reason.Reason) {
	if s == "" || s == "0" {
		return 0, warnings
	}
	n, ok := parseNumber(s, option.MaxMTU)
	if !ok || n < option.MinMTU {
		return 0, append(warnings, ignore(option.MTU, s,
			fmt.Sprintf("must be a decimal number from %d to %d, or 0 for no request; the port is plugged without it",
				option.MinMTU, option.MaxMTU)))
	}
	return int(n), warnings
}

func parseIfaceIDVer(s string, warnings []reason.Reason) (string, []reason.Reason) {
	if len(s) <= textMost && printable(s) {
		return s, warnings
	}
	return "", append(warnings, ignore(option.IfaceIDVer, s,
		fmt.Sprintf("must be printable and at most %d bytes long; the port is plugged without it, and ovn-controller won't claim it", textMost)))
}

// printable reports whether a value is UTF-8 without control or invisible
// characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// refuse makes the reason for a request that can't be followed, of an *OptionError.
func refuse(err error) *reason.Reason {
	r := &reason.Reason{Code: reason.CodeInvalidOption,
		Message: err.Error() + "; nothing is plugged until the logical switch port's option is corrected"}
	if e, is := errors.AsType[*OptionError](err); is {
		r.Option, r.Value = e.Option, reason.Name(e.Value)
	}
	return r
}

// ignore makes the warning for an option that is left out.
func ignore(name, value, wrong string) reason.Reason {
	e := OptionError{name, value, wrong}
	return reason.Reason{Code: reason.CodeIgnoredOption, Message: e.Error(), Option: name, Value: reason.Name(value)}
}
