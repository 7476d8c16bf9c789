package ovn

import (
	"cmp"
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

// Request is what one Port_Binding row asks for: put the representor of this
// function on the integration bridge for this logical port.
type Request struct {
	LogicalPort string
	// Query is the function asked for; zero when Invalid is set.
	Query representor.Query
	// MTU is vif-plug-mtu-request in bytes, 0 for no request.
	MTU int
	// IfaceIDVer is the option iface-id-ver, to be copied to the Interface: without
	// it ovn-controller never claims the port.
	IfaceIDVer string
	// Invalid says why the options can't be followed; nothing is plugged then.
	Invalid *reason.Reason
	// Warnings are options that were left out; the request stands without them.
	Warnings []reason.Reason
}

// textMost bounds a serial number and an iface-id-ver, in bytes.
const textMost = 255

// ParseRequest reads what the options of a Port_Binding that asks this chassis ask for. Numbers have one way to be written: no sign,
// no space, no leading zero, no other base. Where an option that names the function breaks its grammar, the request is Invalid and
// nothing may be plugged: its nearest reading may be another tenant's function. An empty value, which OVN's own tools leave behind,
// is none.
func ParseRequest(logicalPort string, options map[string]string) Request {
	r := Request{LogicalPort: logicalPort}
	var wrong, badMTU, badVersion *OptionError
	if r.Query, wrong = ParseQuery(options); wrong != nil {
		r.Invalid = wrong.reason(reason.CodeInvalidOption, "; nothing is plugged until the logical switch port's option is corrected")
		return r
	}
	r.MTU, badMTU = parseMTU(options[option.MTU])
	r.IfaceIDVer, badVersion = parseIfaceIDVer(options[option.IfaceIDVer])
	for _, wrong := range []*OptionError{badMTU, badVersion} {
		if wrong != nil {
			r.Warnings = append(r.Warnings, *wrong.reason(reason.CodeIgnoredOption, ""))
		}
	}
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

// reason tells of the option, and of what follows.
func (e *OptionError) reason(code reason.Code, follows string) *reason.Reason {
	return &reason.Reason{Code: code, Message: e.Error() + follows, Option: e.Option, Value: reason.Name(e.Value)}
}

// ParseQuery reads the options that name the function, or gives the first that is wrong.
func ParseQuery(options map[string]string) (representor.Query, *OptionError) {
	number := func(name string, most uint32, hint string) (n devlink.Optional[uint32], wrong *OptionError) {
		if options[name] == "" {
			return n, nil
		}
		value, ok := parseNumber(options[name], most)
		if !ok {
			return n, &OptionError{name, options[name],
				fmt.Sprintf("must be a decimal number from 0 to %d, without sign, spaces or leading zeros%s", most, hint)}
		}
		return devlink.Some(value), nil
	}
	mac, badMAC := parsePFMAC(options[option.PFMAC])
	vf, badVF := number(option.VFNum, option.MaxVF, "; leave it out for the PF itself")
	sf, badSF := number(option.SFNum, math.MaxUint32, "")
	controller, badController := number(option.Controller, math.MaxUint32, "; leave it out for any controller")
	if vf.Present && sf.Present {
		badSF = &OptionError{option.SFNum, options[option.SFNum], "names an SF while " + option.VFNum + " names a VF; remove one of the two"}
	}
	if wrong := cmp.Or(badMAC, badVF, badSF, badController, checkSerial(options[option.CardSerial])); wrong != nil {
		return representor.Query{}, wrong
	}
	q := representor.Query{PFMAC: mac, Kind: representor.PF, Controller: controller, CardSerial: options[option.CardSerial]}
	switch {
	case vf.Present:
		q.Kind, q.Number = representor.VF, vf.Value
	case sf.Present:
		q.Kind, q.Number = representor.SF, sf.Value
	}
	return q, nil
}

func parsePFMAC(s string) (representor.MAC, *OptionError) {
	rule := "must be the PF's MAC, six pairs of hex digits with colons"
	mac, err := option.ParsePFMAC(s)
	switch {
	case s == "":
		rule = "is missing; it " + rule
	case err == nil:
		return mac, nil
	case !errors.Is(err, option.ErrMACForm):
		rule = "is " + err.Error() + ", which no PF has; it " + rule
	}
	return representor.MAC{}, &OptionError{option.PFMAC, s, rule}
}

// parseNumber reads a decimal number that is written the one way it can be.
func parseNumber(s string, most uint32) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err == nil && n <= uint64(most) && strconv.FormatUint(n, 10) == s
}

// checkSerial says what is wrong with a serial number that may be empty.
func checkSerial(s string) *OptionError {
	var rule string
	switch {
	case len(s) > textMost:
		rule = fmt.Sprintf("is longer than the %d bytes that a serial number may have", textMost)
	case strings.Contains(s, ","):
		rule = "has a comma, which no serial number may have: it separates entries of ovn-cms-options"
	case !printable(s) || strings.ContainsFunc(s, unicode.IsSpace):
		rule = "has white space or unprintable characters, which no serial number may have"
	default:
		return nil
	}
	return &OptionError{option.CardSerial, s, rule}
}

func parseMTU(s string) (int, *OptionError) {
	if s == "" || s == "0" {
		return 0, nil
	}
	n, ok := parseNumber(s, option.MaxMTU)
	if !ok || n < option.MinMTU {
		return 0, &OptionError{option.MTU, s, fmt.Sprintf(
			"must be a decimal number from %d to %d, or 0 for no request; the port is plugged without it", option.MinMTU, option.MaxMTU)}
	}
	return int(n), nil
}

func parseIfaceIDVer(s string) (string, *OptionError) {
	if len(s) <= textMost && printable(s) {
		return s, nil
	}
	return "", &OptionError{option.IfaceIDVer, s, fmt.Sprintf(
		"must be printable and at most %d bytes long; the port is plugged without it, and ovn-controller won't claim it", textMost)}
}

// printable reports whether a value is UTF-8 without control or invisible characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
