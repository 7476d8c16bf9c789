package companion

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// both is a search in the place of our database and in another one.
func (p *place) both(other *place) Search {
	s := p.search()
	s.Dirs = []string{p.dir, other.dir}
	return s
}

// Where two Open vSwitches run, that of the other database answers for itself only.
func TestLook_ACompanionOfAnotherDatabaseDoesNotAnswerForOurs(t *testing.T) {
	us := strconv.Itoa(os.Getpid()) // who listens is this process
	for name, tt := range map[string]struct {
		arrange func(p, other *place)
		want    State
	}{
		"it is beside a database of its own, and ours was killed": {func(p, other *place) {
			p.pidfile("812\n", false)
			other.write(filepath.Join(other.dir, "db.sock"), "")
		}, Gone},
		"it is beside a database of its own, and of ours there is no trace": {func(_, other *place) {
			other.write(filepath.Join(other.dir, "db.sock"), "")
		}, Unknown},
		"its process names another database": {func(p, _ *place) {
			p.process(os.Getpid(), "ovs-vswitchd", "unix:/run/other/db.sock")
		}, Unknown},
		"its process names another database, and ours was killed": {func(p, _ *place) {
			p.pidfile("812\n", false)
			p.process(os.Getpid(), "ovs-vswitchd", "unix:/run/other/db.sock")
		}, Gone},
		"its process names ours": {func(p, _ *place) { p.process(os.Getpid(), "ovs-vswitchd", "unix:"+filepath.Join(p.dir, "db.sock")) },
			Answers},
		"its process names none":        {func(p, _ *place) { p.process(os.Getpid(), "ovs-vswitchd", "--pidfile") }, Answers},
		"its process is not to be seen": {func(*place, *place) {}, Answers},
		"its process names ours as its container has it": {func(p, _ *place) {
			p.write(filepath.Join(p.dir, "db.sock"), "")
			p.process(os.Getpid(), "ovs-vswitchd", "unix:/run/openvswitch/db.sock")
			p.link(filepath.Join(p.dir, "db.sock"), filepath.Join(p.proc, us, "root/run/openvswitch/db.sock"))
		}, Answers},
		"the database beside it is ours, by another name": {func(p, other *place) {
			p.write(filepath.Join(p.dir, "db.sock"), "")
			p.link(filepath.Join(p.dir, "db.sock"), filepath.Join(other.dir, "db.sock"))
		}, Answers},
	} {
		t.Run(name, func(t *testing.T) {
			p, other := newPlace(t), newPlace(t)
			other.listens("ovs-vswitchd.5.ctl", versionText)
			tt.arrange(p, other)
			if got := p.both(other).Look(t.Context(), long); got.State != tt.want {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

// OVN's programs have a directory of their own.
func TestLook_ASocketThatACommandLineNamesWithoutADirectoryIsInAnyOfThem(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	p.process(812, "ovs-vswitchd", "--unixctl=elsewhere")
	other.listens("elsewhere", versionText)
	if got := p.both(other).Look(t.Context(), long); got.State != Answers {
		t.Errorf("%+v", got)
	}
}

// link makes a symbolic link.
func (p *place) link(to, path string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		p.t.Fatal(err)
	}
}
