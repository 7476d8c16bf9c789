package servers

import "testing"

func TestOVN_NorthdAndControllerBindAPortToItsChassis(t *testing.T) {
	c := OVN(t)
	local := OpenVSwitch(t)
	VSwitchd(t, local)
	p := Controller(t, local, c.SB.Endpoint)
	Until(t, "the Southbound has the chassis", func() bool {
		return c.Sbctl(t, "--bare", "--columns=name", "list", "Chassis") == "dpu1"
	})
	c.Nbctl(t, "ls-add", "ls", "--", "lsp-add", "ls", "lp", "--", "lsp-set-options", "lp", "requested-chassis=dpu1")
	Until(t, "the port asks for the chassis", func() bool {
		return c.Sbctl(t, "--bare", "--columns=requested_chassis", "find", "Port_Binding", "logical_port=lp") != ""
	})
	StopController(t, local, p)
	if got := c.Sbctl(t, "--bare", "--columns=name", "list", "Chassis"); got != "" {
		t.Errorf("the Chassis row %q is there after ovn-controller was stopped", got)
	}
}
