package devspec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strings"

	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

// SyntaxError tells for which object, or text, Nova would not start.
type SyntaxError struct {
	// Text is the object or text.
	Text string
	Err  error
}

// Error names the text and what is wrong with it.
func (e *SyntaxError) Error() string { return fmt.Sprintf("device_spec %s: %v", e.Text, e.Err) }

func (e *SyntaxError) Unwrap() error { return e.Err }

// Parse reads values of the option, for a host: a devname is looked up there, and a
// PF's address is recognised as one. Errors are *SyntaxError.
func Parse(host *pci.Host, values ...string) (*Specs, error) {
	p := parser{host: host, specs: &Specs{}}
	for _, value := range values {
		objects, err := decode(value)
		if err != nil {
			return nil, &SyntaxError{Text: shorten(value), Err: err}
		}
		for _, object := range objects {
			p.text = show(object)
			spec, err := p.spec(object)
			if err != nil {
				return nil, &SyntaxError{Text: p.text, Err: err}
			}
			p.specs.All = append(p.specs.All, spec)
		}
	}
	return p.specs, nil
}

// decode reads one value of the option.
func decode(value string) ([]map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		switch {
		case errors.Is(err, io.EOF):
			err = errors.New("it is empty")
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = errors.New("it ends too early")
		}
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is no JSON: something follows the value")
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	objects := make([]map[string]any, 0, len(list))
	for _, entry := range list {
		object, ok := entry.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s is no object", show(entry))
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// parser reads the objects one after the other.
type parser struct {
	host  *pci.Host
	specs *Specs
	text  string // the object, for warnings
}

func (p *parser) warn(format string, args ...any) {
	p.specs.Warnings = append(p.specs.Warnings, "device_spec "+p.text+": "+fmt.Sprintf(format, args...))
}

func (p *parser) spec(object map[string]any) (*Spec, error) {
	s := &Spec{Text: p.text, Tags: maps.Clone(object)}
	for _, key := range []string{keyVendor, keyProduct, "address", "devname"} {
		delete(s.Tags, key)
	}
	var err error
	if s.vendor, err = id(object, keyVendor); err != nil {
		return nil, err
	}
	if s.product, err = id(object, keyProduct); err != nil {
		return nil, err
	}
	if err := p.where(s, object); err != nil {
		return nil, err
	}
	if err := p.tags(s); err != nil {
		return nil, err
	}
	if s.address != nil {
		s.pf = p.pfAt(s.address)
	}
	switch { // Nova starts neither with a devname that isn't there nor with a PF
	case !s.RemoteManaged:
	case s.address == nil:
		return nil, errors.New("remote_managed needs a device that is there, and there is none with that devname; Nova doesn't start")
	case s.pf != nil:
		return nil, newPFError(p.host, s.pf, s.Tags)
	}
	return s, nil
}

func id(object map[string]any, key string) (string, error) {
	value, ok := object[key]
	if !ok {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%s is %s, not a string of hexadecimal digits", key, show(value))
	}
	if key == keyVendor {
		text = strings.TrimSpace(text) // of the two, Nova strips this one
	}
	n, err := parseNumber(text, idFormat, math.MaxUint16)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return n, nil
}

// where reads address and devname.
func (p *parser) where(s *Spec, object map[string]any) error {
	name, ok := object["devname"].(string)
	if !ok && object["devname"] != nil {
		return fmt.Errorf("devname is %s, not a string", show(object["devname"]))
	}
	address := object["address"]
	if a, is := address.(map[string]any); address == nil || is && len(a) == 0 {
		address = ""
	}
	if name != "" {
		if address == "" {
			return p.devname(s, name)
		}
		return errors.New("it has both an address and a devname; remove one of them")
	}
	var err error
	switch a := address.(type) {
	case string:
		s.address, err = parseGlob(a)
	case map[string]any:
		s.address, err = p.regexes(a)
	default:
		err = fmt.Errorf("address is %s, neither a string nor an object", show(address))
	}
	return err
}

// pfAt is the PF that an address stands for, if it is a single one and a PF's; else nil.
func (p *parser) pfAt(address *matcher) *pci.PF {
	one, is := address.single()
	for _, pf := range p.host.PFs() {
		if is && pf.Address == one && pf.TotalVFs > 0 {
			return pf
		}
	}
	return nil
}

// devname looks a netdev up. Nova takes it, and matches nothing, if there is none,
// unless the object is about remote_managed devices. The name of the netdev's device it
// takes for an address, of whatever bus that is, and doesn't start where it is none
// (get_function_by_ifname in nova/pci/utils.py).
func (p *parser) devname(s *Spec, name string) error {
	device, there := p.host.Devices[name]
	if !there {
		p.warn("there is no device here with a netdev %s, so it matches none", name)
		return nil
	}
	var err error
	if s.address, err = parseGlob(device); err != nil {
		return fmt.Errorf("devname %s is a netdev of %s, which is no PCI device that Nova can tell (%w); name a netdev of a PCI function, or "+
			"give an address", name, device, err)
	}
	return nil
}

// show is a value as JSON that isn't too long.
func show(v any) string { return shorten(reason.JSON(v)) }

func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
