package northbound

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/representord/representord/internal/ovn"
)

func chassis(name, hostname, options string) ovn.Chassis {
	return ovn.Chassis{UUID: "row-" + name, Name: name, Hostname: hostname, OtherConfig: map[string]string{"ovn-cms-options": options}}
}

func TestChoose_TheChassisIsTheOneThatHasExactlyTheSerialNumber(t *testing.T) {
	some := []ovn.Chassis{
		chassis("a", "a.example", ""),
		chassis("b", "b.example", "enable-chassis-as-gw,card-serial-number=MT10"),
		chassis("c", "c.example", "card-serial-number=mt1, card-serial-number=MT1,card-serial-number=MT1x"),
		chassis("d", "d.example", "x,card-serial-number=MT2,card-serial-number=MT1,y"),
	}
	c, err := Choose(some, "MT1")
	if err != nil || c.Name != "d" {
		t.Errorf("%+v, %v; want d", c, err)
	}
}

func TestChoose_WithoutOneChassisNothingIsChosen(t *testing.T) {
	var many []ovn.Chassis
	for i := range 30 {
		many = append(many, chassis(fmt.Sprintf("n%02d", i), fmt.Sprint("host", i), fmt.Sprintf("card-serial-number=S%02d", i)))
	}
	for _, c := range []struct {
		name string
		all  []ovn.Chassis
		says []string
	}{
		{"there is none at all", nil, []string{`no chassis has published card serial number "MT1"`, "nor any other (there are 0 chassis)",
			"is representord running"}},
		{"the only one has none", []ovn.Chassis{chassis("a", "a", "")}, []string{`nor any other (there is 1 chassis, "a"); is`}},
		{"none has it", []ovn.Chassis{chassis("a", "a", "card-serial-number=B2,card-serial-number=A1")},
			[]string{`no chassis has`, `known are "A1", "B2";`}},
		{"none of many has it", many, []string{`"S00", `, `"S07" and 22 more;`}},
		{"two have it", []ovn.Chassis{chassis("b", "b", "card-serial-number=MT1"), chassis("a", "a", "card-serial-number=MT1")},
			[]string{`published by 2 chassis: "a", "b";`}},
		{"it has no hostname", []ovn.Chassis{chassis("a", "", "card-serial-number=MT1")},
			[]string{`chassis "a" has no hostname`}},
		{"another has its hostname", []ovn.Chassis{chassis("a", "h", "card-serial-number=MT1"), chassis("b", "h", "")},
			[]string{`hostname "h" of chassis "a"`, `: "a", "b" answer to it`}},
		{"another's name is its hostname", []ovn.Chassis{chassis("a", "b", "card-serial-number=MT1"), chassis("b", "h", "")},
			[]string{`doesn't tell it apart: "a", "b" answer to it`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Choose(c.all, "MT1")
			var failed *Error
			if !errors.As(err, &failed) || failed.Kind != NoChassis {
				t.Fatalf("%#v", err)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v; want it to say %s", err, s)
				}
			}
		})
	}
}

func TestChoose_AChassisWhoseNameIsItsHostnameIsChosen(t *testing.T) {
	if c, err := Choose([]ovn.Chassis{chassis("a", "a", "card-serial-number=MT1")}, "MT1"); err != nil || c.Name != "a" {
		t.Errorf("%+v, %v", c, err)
	}
}
