package devspec

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/pci"
)

// maxDomain is the largest PCI domain (nova/pci/devspec.py).
const maxDomain = 0xffff

// matcher compares addresses as sysfs writes them: domain, bus, slot and function, each with a
// regular expression.
type matcher struct {
	text     [4]string
	compiled [4]*regexp.Regexp
}

// field is a part of an address: how sysfs writes it, and its largest value (nova/pci/devspec.py).
type field struct {
	name, format string
	most         uint64
}

func fields() [4]field {
	return [4]field{{"domain", "%04x", maxDomain}, {"bus", "%02x", 0xff}, {"slot", "%02x", 0x1f}, {"function", "%x", 0x7}}
}

func (m *matcher) matches(a pci.Address) bool {
	parts := strings.FieldsFunc(a.String(), func(r rune) bool { return r == ':' || r == '.' })
	for i, part := range parts {
		if !m.compiled[i].MatchString(part) {
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
	for i, f := range fields() {
		text, err := parseNumber(cmp.Or(strings.TrimSpace(parts[i]), "*"), f.format, f.most)
		if err != nil {
			return nil, fmt.Errorf("address %q: %s: %w", s, f.name, err)
		}
		m.text[i] = cmp.Or(text, ".*")
		m.compiled[i] = regexp.MustCompile(`\A` + m.text[i] + `\z`)
	}
	return m, nil
}

// parseNumber reads a number as Python's int(s, 16) does, but for its underscores and
// signs, and gives it as sysfs writes it; or *, and gives nothing, which is any.
func parseNumber(s, format string, most uint64) (string, error) {
	if s == "*" {
		return "", nil
	}
	digits := strings.TrimSpace(s)
	if len(digits) > 2 && strings.EqualFold(digits[:2], "0x") {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return "", fmt.Errorf("%q is no hexadecimal number", s)
	case err != nil || n > most:
		return "", fmt.Errorf("%q is greater than %x", s, most)
	}
	return fmt.Sprintf(format, n), nil
}

// regexes reads an address that is an object, of regular expressions. They must match at the
// beginning and may leave a rest, as Python's re.match. Unknown keys are told of, because
// Nova passes over them.
func (p *parser) regexes(object map[string]any) (m *matcher, err error) {
	m = &matcher{}
	unknown := maps.Clone(object)
	for i, f := range fields() {
		delete(unknown, f.name)
		m.text[i] = ".*"
		if value, ok := object[f.name]; ok {
			if m.text[i], ok = value.(string); !ok {
				return nil, fmt.Errorf("%s of the address is %s, not a string", f.name, show(value))
			}
		}
		if m.compiled[i], err = regexp.Compile(`\A(?:` + m.text[i] + `)`); err != nil {
			return nil, fmt.Errorf("%s of the address, %q, is no regular expression that is understood here: %w", f.name, m.text[i], err)
		}
	}
	if len(unknown) > 0 {
		p.warn("Nova passes over %s in the address, which matches everything therefore",
			strings.Join(slices.Sorted(maps.Keys(unknown)), ", "))
	}
	return m, nil
}
