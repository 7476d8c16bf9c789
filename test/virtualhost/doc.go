// Package virtualhost is the host that a DPU is plugged into, for tests that run
// inside the machine that test/vm boots: PCI functions of the simulated cards of
// test/pcisim, shown by a real kernel. It has the build tag vm.
package virtualhost
