// Package virtualdpu is the virtual DPU with the cloud around it, for tests that
// run inside the machine that test/vm boots: a kernel with the simulated card of
// test/dpusim, Open vSwitch with the kernel's datapath, OVN, and our own programs
// as make build leaves them. It has the build tag vm.
package virtualdpu
