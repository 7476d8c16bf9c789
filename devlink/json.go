package devlink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/reason"
)

// maxJSON bounds what ParseJSON reads, in bytes. A port takes about 300.
const maxJSON = 16 << 20

// ParseJSON reads what `devlink -j port show` or `devlink -jp port show` printed
// (iproute2's devlink.c), sorted by handle and index. A netdev is known by name
// only there, so IfIndex is 0. Keys that aren't known are skipped; a flavour with
// an unknown name becomes FlavourUnknown, a link layer with an unknown name
// TypeNotSet. Ports that can't be decoded are left out: the others are then
// returned together with a *MalformedError, whose causes are *PortError, those of
// ports that may be a PF's first. More than 16 MiB of input, or input of another form, is an
// error.
//
// devlink(8) prints the lower 16 bits of an SF's number only (pr_out_port_pfvfsf_num): SF is
// what it printed.
func ParseJSON(r io.Reader) ([]Port, error) {
	input, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		return nil, fmt.Errorf("read devlink's JSON: %w", err)
	}
	if len(input) > maxJSON {
		return nil, fmt.Errorf("read devlink's JSON: more than %d bytes", maxJSON)
	}
	raw, err := portsIn(input)
	if err != nil {
		return nil, fmt.Errorf(`read devlink's JSON: %w; the output of "devlink -j port show" was expected`, err)
	}
	ports := make([]Port, 0, len(raw))
	var pfs, others []error
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		p, err := parseJSONPort(key, raw[key])
		if err == nil {
			ports = append(ports, p)
			continue
		}
		if e := (&PortError{Key: key, Flavour: flavourIn(raw[key]), cause: err}); e.MayBePF() {
			pfs = append(pfs, e)
		} else {
			others = append(others, e)
		}
	}
	SortPorts(ports)
	return ports, netlinkio.Malformed("devlink ports", slices.Concat(pfs, others)) // which keeps the first few
}

// portsIn gives the ports of a document, each as it was printed.
func portsIn(input []byte) (map[string]json.RawMessage, error) {
	document, err := objectIn[map[string]json.RawMessage](input)
	if err != nil {
		return nil, err
	}
	body, ok := (*document)["port"]
	if !ok {
		return nil, errors.New(`it has no object "port"`)
	}
	ports, err := objectIn[map[string]json.RawMessage](body)
	if err != nil {
		return nil, fmt.Errorf(`"port" is %w`, err)
	}
	return *ports, nil
}

// jsonPort is one port as devlink(8) prints it (pr_out_port in devlink.c).
type jsonPort struct {
	Type       string  `json:"type"`
	Netdev     string  `json:"netdev"`
	Flavour    string  `json:"flavour"`
	Port       *uint32 `json:"port"`
	Controller *uint32 `json:"controller"`
	External   *bool   `json:"external"`
	PF         *uint16 `json:"pfnum"`
	VF         *uint16 `json:"vfnum"`
	SF         *uint32 `json:"sfnum"`
	Function   *struct {
		HWAddr  string `json:"hw_addr"`
		State   string `json:"state"`
		OpState string `json:"opstate"`
	} `json:"function"`
}

func parseJSONPort(key string, body []byte) (Port, error) {
	handle, index, err := parsePortKey(key)
	if err != nil {
		return Port{}, err
	}
	j, err := objectIn[jsonPort](body)
	if err != nil {
		return Port{}, err
	}
	p := Port{
		Handle:     handle,
		Index:      index,
		Type:       PortType(max(slices.Index(types(), j.Type), int(TypeNotSet))),
		Flavour:    flavourByName(j.Flavour),
		Number:     optional(j.Port),
		Controller: optional(j.Controller),
		External:   optional(j.External),
		PF:         optional(j.PF),
		VF:         optional(j.VF),
		SF:         optional(j.SF),
		NetdevName: j.Netdev,
	}
	if j.Function != nil {
		p.Function = &Function{State: FunctionState(j.Function.State), OpState: OpState(j.Function.OpState)}
		p.Function.HWAddr, err = parseHWAddr(j.Function.HWAddr)
	}
	return p, err
}

func parseHWAddr(text string) (net.HardwareAddr, error) {
	if text == "" {
		return nil, nil
	}
	addr, err := net.ParseMAC(text)
	if err != nil || !strings.Contains(text, ":") {
		return nil, fmt.Errorf("hw_addr %s is not an address in colon-separated hexadecimal", reason.Quote(text))
	}
	return addr, nil
}

// parsePortKey parses "<bus>/<device>/<index>". devlink(8) prints an index from 2^31 on as
// a negative number (__pr_out_port_handle_start in iproute2's devlink.c).
func parsePortKey(key string) (Handle, uint32, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return Handle{}, 0, errors.New("not of the form bus/device/index")
	}
	h, err := newHandle(parts[0], parts[1])
	if err != nil {
		return Handle{}, 0, err
	}
	index, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || strconv.FormatInt(index, 10) != parts[2] || index < math.MinInt32 || index > math.MaxUint32 {
		return Handle{}, 0, fmt.Errorf("index %s is not a decimal number of 32 bits", reason.Quote(parts[2]))
	}
	return h, uint32(index), nil
}

func optional[T comparable](v *T) Optional[T] {
	if v == nil {
		return Optional[T]{}
	}
	return Some(*v)
}

func flavourByName(name string) Flavour {
	if i := slices.Index(flavours(), name); i >= 0 {
		return Flavour(i)
	}
	return FlavourUnknown
}
