package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
)

// Option is one option of a logical switch port.
type Option struct{ Key, Value string }

// Options gives what a logical switch port needs so that a DPU plugs this VF for it.
// It needs the PF's MAC and the number only. chassis is the DPU's chassis name or
// hostname; empty, it is left out, and so is a serial number that isn't known. With
// one, a wrong DPU refuses.
func (p *Profile) Options(chassis string) []Option {
	options := []Option{
		{option.Chassis, chassis},
		{option.Type, option.Representor},
		{option.PFMAC, p.PFMAC},
		{option.VFNum, fmt.Sprint(p.VFNum)},
		{option.CardSerial, p.Serial},
	}
	return slices.DeleteFunc(options, func(o Option) bool { return o.Value == "" })
}

// NBCtl gives the command, for a shell, that sets the options of a logical switch
// port. It keeps options that the port has besides, unlike lsp-set-options.
func (p *Profile) NBCtl(port, chassis string) string {
	words := []string{"ovn-nbctl", "set", "Logical_Switch_Port", port}
	for _, o := range p.Options(chassis) {
		words = append(words, "options:"+ovsText(o.Key)+"="+ovsText(o.Value))
	}
	for i, w := range words {
		words[i] = reason.ShellWord(w)
	}
	return strings.Join(words, " ")
}

// ovsText quotes a text for the command line of an OVSDB tool, as the JSON string
// that it takes for what isn't a plain word (lib/ovsdb-data.c, ovsdb_token_parse in
// lib/ovsdb-parser.c).
func ovsText(s string) string {
	if regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`).MatchString(s) {
		return s
	}
	return reason.JSON(s)
}

// Neutron gives the profile as JSON, on one line.
func (p *Profile) Neutron() string { return reason.JSON(p) }

// Nova gives the object for Nova's device_spec that makes exactly this VF one that a
// DPU manages.
func (p *Profile) Nova() string {
	vendor, product, _ := strings.Cut(p.VendorInfo, ":")
	return reason.JSON(struct {
		Vendor          string  `json:"vendor_id"`
		Product         string  `json:"product_id"`
		Address         string  `json:"address"`
		PhysicalNetwork *string `json:"physical_network"`
		RemoteManaged   string  `json:"remote_managed"`
	}{vendor, product, p.Slot, p.PhysicalNetwork, "true"})
}
