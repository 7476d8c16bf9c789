package companion

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// patience is short where nobody is to answer, and long where somebody is.
const (
	short = 200 * time.Millisecond
	long  = 20 * time.Second
)

// place is a machine of one's own: a directory for sockets and pidfiles, and a /proc.
type place struct {
	t    *testing.T
	dir  string
	proc string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: servers.Dir(t), proc: t.TempDir()}
	return p
}

func (p *place) search() Search {
	return Search{Name: VSwitchd, Dirs: []string{p.dir}, Endpoint: "unix:" + filepath.Join(p.dir, "db.sock"), Proc: p.proc}
}

func (p *place) write(path, text string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// wholeProc makes /proc that of a machine whose processes are all to be seen.
func (p *place) wholeProc() {
	p.t.Helper()
	p.write(filepath.Join(p.proc, "1/cmdline"), "/sbin/init\x00")
	p.write(filepath.Join(p.proc, "1/comm"), "systemd\n")
	if err := os.MkdirAll(filepath.Join(p.proc, "self/ns"), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Symlink(initialPIDNamespace, filepath.Join(p.proc, "self/ns/pid")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) process(pid int, args ...string) {
	p.t.Helper()
	dir := filepath.Join(p.proc, fmt.Sprint(pid))
	p.write(filepath.Join(dir, "comm"), "ovs-vswitchd\n")
	p.write(filepath.Join(dir, "cmdline"), strings.Join(args, "\x00"))
}

// pidfile writes one, and holds it as a process that lives does.
func (p *place) pidfile(text string, held bool) {
	p.t.Helper()
	path := filepath.Join(p.dir, "ovs-vswitchd.pid")
	p.write(path, text)
	if !held {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = f.Close() })
	// A lock of the open file is another's in the eyes of F_GETLK, also to this process.
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		p.t.Fatal(err)
	}
}

// listens answers as lib/unixctl.c does, with that text for a version; with nothing at
// all for an empty one.
func (p *place) listens(name, version string) {
	p.t.Helper()
	p.answers(name, func(method string, _ []string) (result string, ok bool) {
		return version, method == "version" && version != ""
	})
}

// answers has each question answered as lib/unixctl.c does: with a result, with an error that
// begins with "!", or not at all.
func (p *place) answers(name string, answer func(method string, params []string) (result string, ok bool)) {
	p.t.Helper()
	l, err := net.Listen("unix", filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.t.Cleanup(func() { _ = conn.Close() })
			group.Go(func() { converse(conn, answer) })
		}
	})
	p.t.Cleanup(func() { group.Wait() })
	p.t.Cleanup(func() { _ = l.Close() })
}

// converse answers until the other end has gone.
func converse(conn net.Conn, answer func(string, []string) (string, bool)) {
	questions, answers := json.NewDecoder(conn), json.NewEncoder(conn)
	for {
		var question struct {
			ID     any      `json:"id"`
			Method string   `json:"method"`
			Params []string `json:"params"`
		}
		if questions.Decode(&question) != nil {
			return
		}
		result, ok := answer(question.Method, question.Params)
		if !ok {
			continue
		}
		reply := map[string]any{"id": question.ID, "error": nil, "result": result}
		if text, refused := strings.CutPrefix(result, "!"); refused {
			reply["error"], reply["result"] = text, nil
		}
		_ = answers.Encode(reply)
	}
}

// refuses leaves a socket behind on which nobody listens, as SIGKILL does.
func (p *place) refuses(name string) {
	p.t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(p.dir, name), Net: "unix"})
	if err != nil {
		p.t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
}

const versionText = "ovs-vswitchd (Open vSwitch) 3.1.0\nDPDK 22.11\n"

func TestLook_WhetherACompanionAnswersIsToldByWhatThereIsOfIt(t *testing.T) {
	for name, tt := range map[string]struct {
		arrange func(*place)
		want    State
		why     string // what the sentence must hold
		socket  string
	}{
		"as distributions start it": {func(p *place) {
			p.pidfile("812\n", true)
			p.listens("ovs-vswitchd.812.ctl", versionText)
		}, Answers, "", "ovs-vswitchd.812.ctl"},
		"with a socket of a name of its own": {func(p *place) {
			p.pidfile("812\n", true)
			p.listens("ovs-vswitchd.ctl", versionText)
		}, Answers, "", "ovs-vswitchd.ctl"},
		"without a pidfile": {func(p *place) { p.listens("ovs-vswitchd.812.ctl", versionText) }, Answers, "", "ovs-vswitchd.812.ctl"},
		"without a pidfile, beside ovsdb-server that has one": {func(p *place) {
			p.write(filepath.Join(p.dir, "ovsdb-server.pid"), "811\n")
			p.listens("ovs-vswitchd.ctl", versionText)
		}, Answers, "", "ovs-vswitchd.ctl"},
		"with a socket that only its command line names": {func(p *place) {
			p.wholeProc()
			p.process(812, "ovs-vswitchd", "--unixctl="+filepath.Join(p.dir, "elsewhere"))
			p.listens("elsewhere", versionText)
		}, Answers, "", "elsewhere"},
		"with one that its command line names in two words, in the rundir": {func(p *place) {
			p.wholeProc()
			p.process(812, "ovs-vswitchd", "--unixctl", "elsewhere")
			p.listens("elsewhere", versionText)
		}, Answers, "", "elsewhere"},
		"started again after SIGKILL, whose socket stayed": {func(p *place) {
			p.pidfile("900\n", true)
			p.refuses("ovs-vswitchd.812.ctl")
			p.listens("ovs-vswitchd.900.ctl", versionText)
		}, Answers, "", "ovs-vswitchd.900.ctl"},
		"stopped or hung": {func(p *place) {
			p.pidfile("812\n", true)
			p.listens("ovs-vswitchd.812.ctl", "")
		}, Silent, "no answer within 200ms on ", "ovs-vswitchd.812.ctl"},
		"killed": {func(p *place) {
			p.pidfile("812\n", false)
			p.refuses("ovs-vswitchd.812.ctl")
		}, Gone, "ovs-vswitchd.pid has ended, and nobody listens on ", "ovs-vswitchd.812.ctl"},
		"killed, and its socket is gone": {func(p *place) { p.pidfile("812\n", false) }, Gone,
			"ovs-vswitchd.pid has ended", ""},
		"killed without a pidfile": {func(p *place) { p.refuses("ovs-vswitchd.ctl") }, Gone,
			"nobody listens on ", "ovs-vswitchd.ctl"},
		"ended in its own way, and every process is to be seen": {(*place).wholeProc, Gone, "no process is called so", ""},
		"killed and not waited for, a zombie": {func(p *place) {
			p.wholeProc()
			p.process(812)
		}, Gone, "no process is called so", ""},
		"killed, and what starts it again lives": {func(p *place) {
			p.wholeProc()
			p.process(811, "ovs-vswitchd: monitoring pid 812 (healthy)")
		}, Gone, "no process is called so", ""},
		"neither pidfile nor socket": {func(*place) {}, Unknown, "neither a pidfile nor a control socket of its is in ", ""},
		"neither, beside ovsdb-server that has its pidfile": {func(p *place) {
			p.write(filepath.Join(p.dir, "ovsdb-server.pid"), "811\n")
		}, Unknown, "neither a pidfile nor a control socket", ""},
		"it lives, by its pidfile, and listens where nobody finds it": {func(p *place) { p.pidfile("812\n", true) }, Unknown,
			"it runs, as it holds ", ""},
		"it lives, by /proc, and listens nowhere": {func(p *place) {
			p.wholeProc()
			p.process(812, "ovs-vswitchd", "--unixctl=none")
		}, Unknown, "it runs, pid 812, ", ""},
		"it lives, by /proc, where an older one was killed": {func(p *place) {
			p.wholeProc()
			p.pidfile("700\n", false)
			p.refuses("ovs-vswitchd.700.ctl")
			p.process(812, "ovs-vswitchd", "--unixctl=none")
		}, Unknown, "it runs, pid 812, ", ""},
		"the only one there is works on another database": {func(p *place) {
			p.wholeProc()
			p.process(812, "ovs-vswitchd", "unix:/run/other/db.sock", "--unixctl=none")
		}, Unknown, "neither a pidfile nor a control socket", ""},
		"a pidfile that is empty": {func(p *place) { p.pidfile("", true) }, Unknown, "it runs, as it holds ", ""},
		"something else answers": {func(p *place) {
			p.listens("ovs-vswitchd.ctl", "ovsdb-server (Open vSwitch) 3.1.0\n")
		}, Unknown, `it says that it is "ovsdb-server (Open vSwitch) 3.1.0"`, "ovs-vswitchd.ctl"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			tt.arrange(p)
			wait := long
			if tt.want == Silent {
				wait = short
			}
			got := p.search().Look(t.Context(), wait)
			if got.State != tt.want || !strings.Contains(got.Why, tt.why) || (got.Why == "") != (tt.want == Answers) {
				t.Errorf("%+v, want %s, %s", got, tt.want, tt.why)
			}
			if tt.socket != "" && got.Socket != filepath.Join(p.dir, tt.socket) {
				t.Errorf("socket %q, want %s", got.Socket, tt.socket)
			}
		})
	}
}

// A socket that takes no more connections is that of a program that has not taken any for
// a while.
func TestLook_ACompanionWhoseQueueIsFullIsSilent(t *testing.T) {
	p := newPlace(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	path := filepath.Join(p.dir, "ovs-vswitchd.ctl")
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first is in the queue, and for a second there is no place
		if got := p.search().Look(t.Context(), short); got.State != Silent || got.Socket != path {
			t.Errorf("%+v", got)
		}
	}
}

func TestLook_ACompanionThatMayNotBeAskedIsUnknown(t *testing.T) {
	p := newPlace(t)
	e := evidence{search: p.search(), pidfile: pidfile{err: os.ErrNotExist},
		asked: []answer{{socket: "/x.ctl", err: &os.PathError{Op: "connect", Path: "/x.ctl", Err: syscall.EACCES}}}}
	if got := e.judge(); got.State != Unknown || !got.Forbidden {
		t.Errorf("%+v", got)
	}
	e = evidence{search: p.search(), pidfile: pidfile{path: "/x.pid", err: &os.PathError{Op: "open", Path: "/x.pid", Err: syscall.EACCES}}}
	if got := e.judge(); got.State != Unknown || !got.Forbidden {
		t.Errorf("%+v", got)
	}
}

func TestSearches_OfADatabaseThatIsRemoteNothingIsLookedFor(t *testing.T) {
	for _, s := range Searches("ssl:192.0.2.1:6640", func(string) string { return "/run" }) {
		if got := s.Look(t.Context(), short); got.State != Unknown || len(s.Dirs) != 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestSearches_CompanionsAreLookedForWhereOVSAppctlDoes(t *testing.T) {
	for _, tt := range []struct {
		endpoint    string
		environment map[string]string
		vswitchd    []string
		controller  []string
	}{
		{"unix:/var/run/openvswitch/db.sock", nil, []string{"/var/run/openvswitch"}, []string{"/var/run/openvswitch", "/var/run/ovn"}},
		// /var/run is a link to /run
		{"unix:/run/openvswitch/db.sock", nil, []string{"/run/openvswitch"}, []string{"/run/openvswitch", "/var/run/ovn"}},
		{
			"unix:/srv/ovs/db.sock",
			map[string]string{"OVS_RUNDIR": "/srv/run", "OVN_RUNDIR": "/srv/ovn"},
			[]string{"/srv/ovs", "/srv/run", "/var/run/openvswitch"},
			[]string{"/srv/ovs", "/srv/ovn", "/var/run/ovn"},
		},
	} {
		got := Searches(tt.endpoint, func(name string) string { return tt.environment[name] })
		if len(got) != 2 || got[0].Name != VSwitchd || got[1].Name != Controller || !slices.Equal(got[0].Dirs, tt.vswitchd) ||
			!slices.Equal(got[1].Dirs, tt.controller) {
			t.Errorf("%s: %+v", tt.endpoint, got)
		}
	}
}

// What others wrote down of them is no proof: these are the programs themselves.
func TestLook_TheRealProgramsAreSeenToAnswerToBeStoppedAndToBeKilled(t *testing.T) {
	local, sb := servers.OpenVSwitch(t), servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	sb.Tool(t, "ovn-sbctl", "--db="+sb.Endpoint, "--no-leader-only", "--timeout=60", "init")
	local.Ctl(t, "add-br", "br-int")
	for name, p := range map[string]*servers.Process{
		VSwitchd:   servers.VSwitchd(t, local),
		Controller: servers.Controller(t, local, sb.Endpoint),
	} {
		s := Search{Name: name, Dirs: []string{local.Dir}, Endpoint: local.Endpoint, Proc: "/proc"}
		look := func(patience time.Duration) Sight { return s.Look(context.Background(), patience) }
		if got := look(long); got.State != Answers || got.PID != p.Pid() || !strings.HasPrefix(got.Version, name+" ") {
			t.Errorf("%s runs: %+v", name, got)
		}
		p.Signal(syscall.SIGSTOP)
		servers.Until(t, name+" is seen to be stopped",
			func() bool { got := look(short); return got.State == Silent && got.Stopped && got.PID == p.Pid() })
		p.Signal(syscall.SIGCONT)
		servers.Until(t, name+" answers again", func() bool { return look(long).State == Answers })
		p.Kill()
		if got := look(long); got.State != Gone {
			t.Errorf("%s was killed: %+v", name, got)
		}
	}
}
