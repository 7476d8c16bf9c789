package plantest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/representord/representord/internal/reason"
)

// HostileTexts are what an ill-meaning tenant might name something.
func HostileTexts() []string {
	return []string{"x\x1b[2J\n\u202e", "\xff\x00", strings.Repeat("y", 1<<20)}
}

// Legible tells of a Reason what nobody should have to read.
func Legible(t *testing.T, r reason.Reason) {
	t.Helper()
	for _, s := range append([]string{r.Message}, r.Candidates...) {
		if len(s) > 2000 || !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\n\x00\u202e") {
			t.Errorf("%s, %d bytes: %.300q", r.Code, len(s), s)
		}
	}
}
