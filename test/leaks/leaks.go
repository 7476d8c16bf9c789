// Package leaks fails the tests of a package that leave a goroutine behind.
package leaks

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end after the last test. goleak itself
// waits for less than half a second, which a busy machine may take to run them at all.
const patience = 30 * time.Second

// Main is for a TestMain. It doesn't return.
func Main(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient has tests end when what they started has.
type patient struct{ *testing.M }

// Run runs the tests.
func (p patient) Run() int {
	status := p.M.Run()
	for deadline := time.Now().Add(patience); status == 0 && time.Now().Before(deadline); {
		if goleak.Find() == nil {
			break
		}
	}
	return status
}
