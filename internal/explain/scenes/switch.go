package scenes

import (
	"errors"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func switchScenes() []Scene {
	waits := func(code reason.Code, edit func(*World)) Scene {
		return Scene{Name: string(code), World: With(Asks("vm1")).But(edit), State: plan.Pending, Code: code}
	}
	conflict := func(name string, code reason.Code, rows ...ovs.Interface) Scene {
		return Scene{Name: name, World: With(Asks("vm1")).Has(rows...), State: plan.Conflict, Code: code}
	}
	vendors, inner := plantest.ForeignRow("pf0vf0", ""), plantest.ForeignRow("inner0", "")
	vendors.PortName, vendors.Bridge = "pf0vf0port", "ovsbr1"
	inner.PortName, inner.Bridge = "pf0vf0", "ovsbr1"
	elsewhere := Row("vm1", "pf0vf0", 0)
	elsewhere.Bridge = "br-ex"
	return []Scene{
		waits(reason.CodeLocalDatabase, func(w *World) {
			w.Actual = ovs.View{Problem: "dial unix /run/openvswitch/db.sock: connect: connection refused", Bridge: "br-int"}
		}),
		waits(reason.CodeBridgeMissing, func(w *World) { w.Actual.BridgeUUID = "" }),
		waits(reason.CodeUnsupportedDatapath, func(w *World) { w.Actual.DatapathType = "netdev" }),
		{Name: "datapath-that-is-meant", World: With(Asks("vm1")).But(func(w *World) {
			w.Actual.DatapathType, w.Actual.ExternalIDs = "netdev", map[string]string{"ovn-bridge-datapath-type": "netdev"}
		}), State: plan.Pending, Code: reason.CodeUnsupportedDatapath},
		waits(reason.CodeTransactionFailed, func(w *World) { w.refuses = errors.New("I/O error: no space left on device") }),
		waits(reason.CodeTransactionPending, func(w *World) { w.DryRun = true }),
		waits(reason.CodeAwaitingOfport, func(w *World) { w.vswitchd = func(*ovs.Interface) {} }),
		waits(reason.CodeInterfaceError, func(w *World) {
			w.vswitchd = func(i *ovs.Interface) {
				i.Ofport, i.Error = -1, "could not add network device pf0vf0 to ofproto (No such device)"
			}
		}),
		waits(reason.CodeStaleInterface, func(w *World) { w.vswitchd = func(i *ovs.Interface) { i.Ofport, i.IfIndex = 5, 9 } }),
		conflict("foreign-name", reason.CodeForeignName, plantest.ForeignRow("pf0vf0", "")),
		conflict("row-on-another-bridge", reason.CodeForeignName, elsewhere),
		conflict("foreign-iface-id", reason.CodeForeignIfaceID, plantest.ForeignRow("tap0", "vm1")),
		conflict("port-of-another-name", reason.CodeForeignName, vendors),
		conflict("interface-of-another-name", reason.CodeForeignName, inner),
		conflict("built-in-left-over", reason.CodeBuiltInLeftOver, plantest.BuiltIn("pf0vf0", "vm9")),
		conflict("built-in-provider", reason.CodeBuiltInProvider, plantest.BuiltIn("pf0vf0", "vm1")),
		{Name: "plugged-foreign-iface-id", World: Plugged().Has(plantest.ForeignRow("tap0", "vm1")), State: plan.Plugged,
			Code: reason.CodeForeignIfaceID},
		{
			Name: "function-taken", World: With(Asks("vm1"), Asks("vm0")).Has(Row("vm0", "pf0vf0", 0)),
			State: plan.Conflict, Code: reason.CodeFunctionTaken,
		},
	}
}
