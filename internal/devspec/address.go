package devspec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/pci"
)

// The largest values of the fields (nova/pci/devspec.py).
const (
	maxID       = 0xffff
	maxDomain   = 0xffff
	maxBus      = 0xff
	maxDevice   = 0x1f
	maxFunction = 0x7
)

// matcher compares addresses.
type matcher interface {
	matches(pci.Address) bool
	// single gives the one address that is meant, if it is one.
	single() (pci.Address, bool)
}

// glob is an address of which fields may be missing: domain, bus, device, function.
type glob [4]number

// parseGlob reads [[[domain]:]bus:][device][.[function]], each field a hexadecimal
// number, * or nothing.
func parseGlob(s string) (glob, error) {
	before, function, _ := strings.Cut(s, ".")
	fields := strings.Split(before, ":")
	if len(fields) > 3 {
		return glob{}, fmt.Errorf("address %q has %d colons; it is DOMAIN:BUS:SLOT.FUNCTION", s, len(fields)-1)
	}
	for len(fields) < 3 {
		fields = slices.Insert(fields, 0, "*")
	}
	var g glob
	for i, most := range []uint32{maxDomain, maxBus, maxDevice, maxFunction} {
		text := function
		if i < 3 {
			text = fields[i]
		}
		text = strings.TrimSpace(text)
		if text == "" {
			text = "*"
		}
		n, err := parseNumber(text, most)
		if err != nil {
			return glob{}, fmt.Errorf("address %q: %s: %w", s, [...]string{"domain", "bus", "slot", "function"}[i], err)
		}
		g[i] = n
	}
	return g, nil
}

func (g glob) matches(a pci.Address) bool {
	for i, value := range []uint32{a.Domain, uint32(a.Bus), uint32(a.Device), uint32(a.Function)} {
		if !g[i].any && g[i].value != value {
			return false
		}
	}
	return true
}

func (g glob) single() (pci.Address, bool) {
	for _, n := range g {
		if n.any {
			return pci.Address{}, false
		}
	}
	return pci.Address{Domain: g[0].value, Bus: uint8(g[1].value), Device: uint8(g[2].value), Function: uint8(g[3].value)}, true
}

// parseNumber reads a number as Python's int(s, 16) does, but for its underscores and
// signs, or *.
func parseNumber(s string, most uint32) (number, error) {
	if s == "*" {
		return number{any: true}, nil
	}
	digits := strings.TrimSpace(s)
	if len(digits) > 2 && strings.EqualFold(digits[:2], "0x") {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return number{}, fmt.Errorf("%q is no hexadecimal number", s)
	case err != nil || n > uint64(most):
		return number{}, fmt.Errorf("%q is greater than %x", s, most)
	}
	return number{value: uint32(n)}, nil
}

// regexes has one regular expression for each field. They must match at the
// beginning and may leave a rest, as Python's re.match.
type regexes struct {
	text     [4]string
	compiled [4]*regexp.Regexp
}

// parseRegexes reads an address that is an object. Unknown keys are told of, because
// Nova passes over them.
func parseRegexes(object map[string]any) (r regexes, unknown []string, err error) {
	keys := []string{"domain", "bus", "slot", "function"}
	for key := range object {
		if !slices.Contains(keys, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for i, key := range keys {
		r.text[i] = ".*"
		if value, ok := object[key]; ok {
			if r.text[i], ok = value.(string); !ok {
				return r, unknown, fmt.Errorf("%s of the address is %s, not a string", key, show(value))
			}
		}
		if r.compiled[i], err = regexp.Compile(`\A(?:` + r.text[i] + `)`); err != nil {
			return r, unknown, fmt.Errorf("%s of the address, %q, is no regular expression that is understood here: %w", key, r.text[i], err)
		}
	}
	return r, unknown, nil
}

func (r regexes) matches(a pci.Address) bool {
	for i, text := range []string{
		fmt.Sprintf("%04x", a.Domain), fmt.Sprintf("%02x", a.Bus), fmt.Sprintf("%02x", a.Device), fmt.Sprintf("%x", a.Function),
	} {
		if !r.compiled[i].MatchString(text) {
			return false
		}
	}
	return true
}

// single: Nova makes a path of sysfs of the four, so that they must be written as there.
func (r regexes) single() (pci.Address, bool) {
	text := fmt.Sprintf("%s:%s:%s.%s", r.text[0], r.text[1], r.text[2], r.text[3])
	a, err := pci.ParseAddress(text)
	return a, err == nil && a.String() == text
}
