package devspec

import (
	"cmp"
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

// matcher compares addresses as sysfs writes them: domain, bus, slot and function, each with a
// regular expression.
type matcher struct {
	text     [4]string
	compiled [4]*regexp.Regexp
}

// fields are the parts of an address, and how sysfs writes each.
func fields() (names, formats [4]string) {
	return [4]string{"domain", "bus", "slot", "function"}, [4]string{"%04x", "%02x", "%02x", "%x"}
}

func (m *matcher) matches(a pci.Address) bool {
	_, formats := fields()
	for i, value := range []uint32{a.Domain, uint32(a.Bus), uint32(a.Device), uint32(a.Function)} {
		if !m.compiled[i].MatchString(fmt.Sprintf(formats[i], value)) {
			return false
		}
	}
	return true
}

// single gives the one address that is meant, if it is one. Nova makes a path of sysfs of an
// object's four parts, so that they must be written as there.
func (m *matcher) single() (pci.Address, bool) {
	text := fmt.Sprintf("%s:%s:%s.%s", m.text[0], m.text[1], m.text[2], m.text[3])
	a, err := pci.ParseAddress(text)
	return a, err == nil && a.String() == text
}

// parseGlob reads [[[domain]:]bus:][device][.[function]], each field a hexadecimal
// number, * or nothing.
func parseGlob(s string) (*matcher, error) {
	before, function, _ := strings.Cut(s, ".")
	parts := strings.Split(before, ":")
	if len(parts) > 3 {
		return nil, fmt.Errorf("address %q has %d colons; it is DOMAIN:BUS:SLOT.FUNCTION", s, len(parts)-1)
	}
	for len(parts) < 3 {
		parts = slices.Insert(parts, 0, "*")
	}
	parts = append(parts, function)
	m := &matcher{}
	names, formats := fields()
	for i, most := range []uint32{maxDomain, maxBus, maxDevice, maxFunction} {
		n, err := parseNumber(cmp.Or(strings.TrimSpace(parts[i]), "*"), most)
		if err != nil {
			return nil, fmt.Errorf("address %q: %s: %w", s, names[i], err)
		}
		m.text[i] = ".*"
		if !n.any {
			m.text[i] = fmt.Sprintf(formats[i], n.value)
		}
		m.compiled[i] = regexp.MustCompile(`\A` + m.text[i] + `\z`)
	}
	return m, nil
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

// parseRegexes reads an address that is an object, of regular expressions. They must match at the
// beginning and may leave a rest, as Python's re.match. Unknown keys are told of, because
// Nova passes over them.
func parseRegexes(object map[string]any) (m *matcher, unknown []string, err error) {
	names, _ := fields()
	for key := range object {
		if !slices.Contains(names[:], key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	m = &matcher{}
	for i, key := range names {
		m.text[i] = ".*"
		if value, ok := object[key]; ok {
			if m.text[i], ok = value.(string); !ok {
				return nil, unknown, fmt.Errorf("%s of the address is %s, not a string", key, show(value))
			}
		}
		if m.compiled[i], err = regexp.Compile(`\A(?:` + m.text[i] + `)`); err != nil {
			return nil, unknown, fmt.Errorf("%s of the address, %q, is no regular expression that is understood here: %w", key, m.text[i], err)
		}
	}
	return m, unknown, nil
}
