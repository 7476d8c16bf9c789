package cli

import "testing"

func TestVersion_NamesTheCommitWhereItIsKnown(t *testing.T) {
	for _, c := range []struct{ version, commit, want string }{
		{"1.2.3", "0123456789ab", "1.2.3, commit 0123456789ab"},
		{"devel", "", "devel"},
	} {
		if got := Version(c.version, c.commit); got != c.want {
			t.Errorf("Version(%q, %q) = %q, want %q", c.version, c.commit, got, c.want)
		}
	}
}
