//go:build packages

package packages

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checkout is a repository of its own with packaging/version in it.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t, t.TempDir()}
	c.command("mkdir", "packaging")
	script, err := filepath.Abs("../../packaging/version")
	if err != nil {
		t.Fatal(err)
	}
	c.command("cp", script, "packaging/version")
	write(t, filepath.Join(c.dir, "CHANGELOG.md"), "# Changelog\n")
	return c
}

func (c checkout) command(argv ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), argv[0], argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_CEILING_DIRECTORIES="+filepath.Dir(c.dir))
	return strings.TrimSpace(execute(c.t, cmd))
}

// commit makes a commit of everything, at a time, and tags it unless the tag is empty.
func (c checkout) commit(at, tag string) {
	c.t.Helper()
	c.command("git", "add", "--all")
	c.command("env", "GIT_COMMITTER_DATE="+at, "git", "commit", "--quiet", "--allow-empty", "--message=a change")
	if tag != "" {
		c.command("git", "tag", tag)
	}
}

func (c checkout) version() string {
	c.t.Helper()
	return c.command("packaging/version")
}

func TestVersion_IsLegalAndSortsAsCommitsAndTagsDo(t *testing.T) {
	c := newCheckout(t)
	versions := []string{c.version()} // of no repository
	c.command("git", "init", "--quiet")
	for _, step := range []struct{ at, tag string }{
		{"2026-01-31T23:59:58Z", ""}, {"2026-01-31T23:59:59Z", ""},
		{"2026-02-01T00:00:00Z", "v0.1.0-rc.1"}, {"2026-02-01T00:00:00Z", ""}, {"2026-02-01T00:00:00Z", "v0.1.0-rc.2"},
		{"2026-02-01T00:00:00Z", "v0.1.0"}, {"2026-02-01T00:00:00Z", ""}, {"2026-02-01T00:00:00Z", ""},
		{"2026-02-01T00:00:00Z", "v0.1.1"}, {"2026-02-01T00:00:00Z", "v0.10.0"}, {"2026-02-01T00:00:00Z", "v1.0.0"},
	} {
		c.commit(step.at, step.tag)
		versions = append(versions, c.version())
	}
	shape := strings.Join([]string{
		`0\.0\.0~devel`, `0\.0\.0~git20260131235958\.H`, `0\.0\.0~git20260131235959\.H`,
		`0\.1\.0~rc\.1`, `0\.1\.0~rc\.1\+1\.gH`, `0\.1\.0~rc\.2`, `0\.1\.0`, `0\.1\.0\+1\.gH`, `0\.1\.0\+2\.gH`,
		`0\.1\.1`, `0\.10\.0`, `1\.0\.0`,
	}, " ")
	shape = "^" + strings.ReplaceAll(shape, "H", "[0-9a-f]{12}") + "$"
	if got := strings.Join(versions, " "); !regexp.MustCompile(shape).MatchString(got) {
		t.Fatalf("versions %q, want %s", got, shape)
	}
	for i := 1; i < len(versions); i++ {
		earlier, later := versions[i-1], versions[i]
		if exec.CommandContext(t.Context(), "dpkg", "--compare-versions", earlier+"-1", "lt", later+"-1").Run() != nil {
			t.Errorf("to dpkg %s is not before %s", earlier, later)
		}
		if got := run(t, "rpm", "--eval", `%{lua: print(rpm.vercmp("`+earlier+`", "`+later+`"))}`); strings.TrimSpace(got) != "-1" {
			t.Errorf("to rpm %s is not before %s", earlier, later)
		}
	}
}

func TestVersion_SaysThatTheCheckoutIsNotTheCommit(t *testing.T) {
	c := newCheckout(t)
	c.command("git", "init", "--quiet")
	c.commit("2026-02-01T00:00:00Z", "v1.2.3")
	write(t, filepath.Join(c.dir, "new"), "not of git, and not of the programs\n")
	if got := c.version(); got != "1.2.3" {
		t.Errorf("version %s, want 1.2.3", got)
	}
	write(t, filepath.Join(c.dir, "CHANGELOG.md"), "# Other changes\n")
	if got := c.version(); got != "1.2.3+dirty" {
		t.Errorf("version %s, want 1.2.3+dirty", got)
	}
	if commit, want := c.command("packaging/version", "commit"), c.command("git", "rev-parse", "HEAD")[:12]; commit != want {
		t.Errorf("commit %s, want %s", commit, want)
	}
	if got := c.command("packaging/version", "time"); got != "1769904000" {
		t.Errorf("time %s, want 1769904000", got)
	}
}
