// Package e2e runs the programs on the virtual DPU: a real kernel with the
// simulated card, real Open vSwitch with the kernel's datapath, real OVN. Its
// tests have the build tag vm and are run by `make test-e2e`.
package e2e
