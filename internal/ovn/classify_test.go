package ovn

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/option"
)

const (
	ourUUID     = "11111111-1111-4111-8111-111111111111"
	anotherUUID = "22222222-2222-4222-8222-222222222222"
)

func us() self { return self{Chassis: "dpu1", Hostname: "dpu1.example.org", UUID: ourUUID} }

func withoutRow() self {
	m := us()
	m.UUID = ""
	return m
}

// plugMe gives a row that asks for a representor, with more said by the changes.
func plugMe(requestedChassis string, options ...string) *PortBinding {
	r := &PortBinding{LogicalPort: "lp", Options: map[string]string{"vif-plug-type": "representor"}}
	if requestedChassis != "" {
		r.RequestedChassis = &requestedChassis
	}
	for i := 0; i+1 < len(options); i += 2 {
		r.Options[options[i]] = options[i+1]
	}
	return r
}

func but(r *PortBinding, change func(*PortBinding)) *PortBinding {
	change(r)
	return r
}

// with gives a row with these chassis in requested_additional_chassis.
func with(r *PortBinding, additional ...string) *PortBinding {
	r.RequestedAdditional = additional
	return r
}

func TestDispositionOfARow(t *testing.T) {

	for name, c := range map[string]struct {
		row  *PortBinding
		self self
		want Disposition
	}{
		"requested_chassis is ours":                        {plugMe(ourUUID), us(), Asked},
		"requested_chassis is ours, whatever the option":   {plugMe(ourUUID, option.Chassis, "other"), us(), Asked},
		"requested_chassis is another's":                   {plugMe(anotherUUID), us(), Withdrawn},
		"requested_chassis is another's with our hostname": {plugMe(anotherUUID, option.Chassis, "dpu1.example.org"), us(), Withdrawn},
		"requested_chassis is set, our row is gone":        {plugMe(anotherUUID, option.Chassis, "dpu1"), withoutRow(), Withdrawn},
		"nothing requested":                                {plugMe(""), us(), Withdrawn},
		"nothing requested, our row is gone":               {plugMe(""), withoutRow(), Withdrawn},
		"the option alone is our name":                     {plugMe("", option.Chassis, "dpu1"), us(), Kept},
		"the option alone is our hostname":                 {plugMe("", option.Chassis, "dpu1.example.org"), us(), Kept},
		"the option alone is ours, our row is gone":        {plugMe("", option.Chassis, "dpu1"), withoutRow(), Kept},
		"the option alone lists us":                        {plugMe("", option.Chassis, "other, dpu1 ,third"), us(), Kept},
		"the option alone is another":                      {plugMe("", option.Chassis, "dpu2"), us(), Withdrawn},
		"the option alone begins with our name":            {plugMe("", option.Chassis, "dpu10"), us(), Withdrawn},
		"the option alone has our name in another case":    {plugMe("", option.Chassis, "DPU1"), us(), Withdrawn},
		"the option alone is empty and so is our hostname": {plugMe("", option.Chassis, ",, "), self{Chassis: "dpu1"}, Withdrawn},
		"additional only": {
			with(plugMe(anotherUUID), anotherUUID, ourUUID), us(), Kept,
		},
		"additional and nobody else": {
			with(plugMe(""), ourUUID), us(), Kept,
		},
		"ours and another additional": {
			with(plugMe(ourUUID), anotherUUID), us(), Asked,
		},
		"additional in the option alone, our row is gone": {plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), withoutRow(), Kept},
		"additional in the option alone, our row is new":  {plugMe(anotherUUID, option.Chassis, "dpu2, dpu1.example.org"), us(), Kept},
		"additional in the option alone, beside another that is there": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu3,dpu1"), anotherUUID), us(), Kept,
		},
		"additional in the option, where another has our hostname": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu1.example.org"), anotherUUID),
			us(), Withdrawn,
		},
		"first in the option, our row is gone, and the second stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"),
			withoutRow(), Kept},
		"first in the option, our row is new, and the second stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"), us(), Kept},
		"first in the option, where another has our hostname": {
			with(plugMe(anotherUUID, option.Chassis, "dpu1.example.org,dpu3"), anotherUUID),
			us(), Withdrawn,
		},
		"two commas are one":                  {plugMe(anotherUUID, option.Chassis, "dpu1.example.org,, "), us(), Withdrawn},
		"additional in the option is another": {plugMe(anotherUUID, option.Chassis, "dpu2,dpu3"), us(), Withdrawn},
		"an empty additional is not our missing row": {
			with(plugMe(anotherUUID), ""), withoutRow(), Withdrawn,
		},
		"a type":        {but(plugMe(ourUUID), func(r *PortBinding) { r.Type = "localport" }), us(), Withdrawn},
		"a sub-port":    {but(plugMe(ourUUID), func(r *PortBinding) { r.ParentPort = new("parent") }), us(), Withdrawn},
		"another plug":  {plugMe(ourUUID, "vif-plug-type", "other"), us(), Withdrawn},
		"another case":  {plugMe(ourUUID, "vif-plug-type", "Representor"), us(), Withdrawn},
		"an empty plug": {plugMe(ourUUID, "vif-plug-type", ""), us(), Withdrawn},
		"no plug":       {but(plugMe(ourUUID), func(r *PortBinding) { r.Options = nil }), us(), Withdrawn},
		"type, additional": {
			but(plugMe(anotherUUID), func(r *PortBinding) { r.Type, r.RequestedAdditional = "virtual", []string{ourUUID} }), us(), Withdrawn,
		},
	} {
		t.Run(name, func(t *testing.T) {
			disposition, why := classify(c.row, c.self)
			if disposition != c.want {
				t.Errorf("disposition %d, want %d (%s)", disposition, c.want, why)
			}
			if why == "" {
				t.Error("the disposition has no reason")
			}
		})
	}
}

func TestFate_AKeptRowTellsWhetherItIsAnotherChassisFirst(t *testing.T) {

	for name, c := range map[string]struct {
		row  *PortBinding
		self self
		want bool
	}{
		"our own, our row is gone":           {plugMe("", option.Chassis, "dpu1"), withoutRow(), false},
		"our own, and another is additional": {plugMe("", option.Chassis, "dpu1,dpu2"), withoutRow(), false},
		"another's, our row is gone":         {plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), withoutRow(), true},
		"another's, both rows are gone":      {plugMe("", option.Chassis, "dpu2,dpu1"), withoutRow(), true},
		"another's, and we are there": {
			with(plugMe(anotherUUID, option.Chassis, "dpu2,dpu1"), ourUUID), us(), true,
		},
		"our own, our row is gone, and the additional one stands in for it": {plugMe(anotherUUID, option.Chassis, "dpu1,dpu2"), withoutRow(),
			false},
		"ours now": {plugMe(ourUUID, option.Chassis, "dpu1,dpu2"), us(), false},
	} {
		if b := newBinding(c.row, c.self); b.Additional != c.want || b.Disposition == Withdrawn {
			t.Errorf("%s: %+v, want additional %t", name, b, c.want)
		}
	}
}

func TestReason_IsBoundedAndHasNoControlCharacters(t *testing.T) {
	hostile := strings.Repeat("\x1b[31m\n\xff", 1<<16)
	for _, r := range []*PortBinding{
		but(plugMe(""), func(r *PortBinding) { r.Type = hostile }),
		but(plugMe(""), func(r *PortBinding) { r.ParentPort = &hostile }),
		plugMe("", "vif-plug-type", hostile),
		plugMe(hostile, "requested-chassis", hostile),
	} {
		_, why := classify(r, us())
		if len(why) > 600 || strings.ContainsFunc(why, func(c rune) bool { return c < ' ' || c == '\uFFFD' }) {
			t.Errorf("reason of %d bytes: %.300q", len(why), why)
		}
	}
}
