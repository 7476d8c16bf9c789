package profile

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

func TestOptions_TheCommandSetsThemOnARealNorthboundAndKeepsOthers(t *testing.T) {
	central := servers.OVN(t)
	for port, chassis := range map[string]string{
		"vm1": "dpu1", "o'dd $HOME": `d"p\u1.example.com`, strings.Repeat("namespace_pod-", 20): strings.Repeat("dpu.", 60) + "example",
	} {
		central.Nbctl(t, "ls-add", "net "+port, "--", "lsp-add", "net "+port, port, "--", "lsp-set-options", port, "mcast_flood=true")
		p := goodProfile()
		p.Serial = `MT'22=06"X` + strings.Repeat("X", 240)
		line, ok := strings.CutPrefix(p.NBCtl(port, chassis), "ovn-nbctl ")
		if !ok {
			t.Fatal(line)
		}
		// The shell is asked for the words that it makes of the line.
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			t.Fatal(err)
		}
		central.Nbctl(t, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")...)
		got := map[string]string{}
		for _, o := range append(p.Options(chassis), Option{"mcast_flood", "true"}) {
			value := central.Nbctl(t, "get", "Logical_Switch_Port", port, "options:"+ovsText(o.Key))
			got[o.Key] = strings.TrimSpace(value)
		}
		want := map[string]string{
			"requested-chassis": reason.JSON(chassis), "vif-plug-type": "representor", "mcast_flood": `"true"`,
			"vif-plug:representor:pf-mac": `"00:53:00:00:00:42"`, "vif-plug:representor:vf-num": `"3"`,
			"vif-plug:representor:card-serial-number": reason.JSON(p.Serial),
		}
		if ovsText(chassis) == chassis {
			want["requested-chassis"] = chassis
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("options (-want +got):\n%s", diff)
		}
	}
}

func TestOptions_ADPUReadsThemAsTheFunctionThatIsMeant(t *testing.T) {
	p := goodProfile()
	options := map[string]string{}
	for _, o := range p.Options("dpu1") {
		options[o.Key] = o.Value
	}
	r := ovn.ParseRequest("vm1", options)
	want := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x42}, Kind: representor.VF, Number: 3, CardSerial: "MT2206X07512"}
	if r.Invalid != nil || len(r.Warnings) > 0 {
		t.Fatalf("%+v", r)
	}
	if diff := cmp.Diff(want, r.Query); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}
