//go:build vm && !full

package e2e

// atLength: this is no run for what takes too long for every change.
const atLength = false
