package config

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// defaults is what Load gives when nothing is set.
func defaults() Config {
	return Config{
		OVSDB: "unix:/var/run/openvswitch/db.sock", Probe: 5 * time.Second,
		RegisterCardSerial: true, MassUnplugHold: 2 * time.Minute, UnplugGrace: 5 * time.Second, LinkDownGrace: 5 * time.Second,
		Audit:         60 * time.Second,
		ControlSocket: "/run/representord/control.sock",
		LogLevel:      slog.LevelInfo, LogFormat: "text",
		SysfsRoot: "/sys", UdevRoot: "/run/udev", OVNSysconf: "/etc/ovn", RunDir: "/run/representord",
	}
}

// samples has a value for every key that isn't its default.
func samples() map[string]string {
	return map[string]string{
		"ovs-db": "tcp:127.0.0.1:6640", "chassis": "007", "private-key": "", "certificate": "", "ca-cert": "/etc/ca.pem",
		"verify-host-name": "true", "probe-interval": "30s", "local-functions": "true", "adopt-ovn-vif": "true", "program-hw-addr": "true",
		"register-card-serial": "false",
		"mass-unplug-hold":     "90s", "unplug-grace": "0s", "link-down-grace": "10m", "audit-interval": "1h", "control-socket": "/tmp/control",
		"control-group": "adm", "metrics-listen": "127.0.0.1:9797",
		"log-level": "debug", "log-format": "json", "path.sysfs": "/fixture/sys", "path.udev": "/fixture/udev",
		"path.ovn-sysconf": "/usr/local/etc/ovn", "run-dir": "/var/lock",
	}
}

// load runs Load with a file of that text, and with these arguments.
func load(tb testing.TB, text string, args ...string) (Config, error) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "representord.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	c, err := loadArgs(tb, append([]string{"--config", path}, args...)...)
	if err == nil && c.File != path {
		tb.Errorf("read %q, not %q", c.File, path)
	}
	c.File = ""
	return c, err
}

func loadArgs(tb testing.TB, args ...string) (Config, error) {
	tb.Helper()
	fs := pflag.NewFlagSet("representord", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	Flags(fs)
	if err := fs.Parse(args); err != nil {
		tb.Fatal(err)
	}
	return Load(fs)
}

func TestLoad_NothingNeedsToBeSet(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an empty file": "", "only comments": "# ovs-db: tcp:1.2.3.4\n", "an empty document": "---\n", "null": "null\n",
		"an empty mapping":    "{}\n",
		"keys without values": "ovs-db:\nchassis: ~\nlog-level: null\nlocal-functions:\n",
	} {
		got, err := load(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(defaults(), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestLoad_EveryKeyIsAFlagAVariableAndAKeyOfTheFile(t *testing.T) {
	byName := samples()
	var known []string
	for _, s := range settings(&Config{}) {
		known = append(known, s.key)
		value, ok := byName[s.key]
		if !ok {
			t.Errorf("no sample for %s", s.key)
		}
		if value == "" {
			continue // set together, below
		}
		fromFlag, err := load(t, "", "--"+s.key+"="+value)
		if err != nil {
			t.Fatal(err)
		}
		fromFile, err := load(t, s.key+": "+value+"\n")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(environment(s.key), value)
		fromVariable, err := load(t, "")
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(environment(s.key), "")
		if !cmp.Equal(fromFlag, fromFile) || !cmp.Equal(fromFlag, fromVariable) {
			t.Errorf("%s: the flag gives %+v, the file %+v, the variable %+v", s.key, fromFlag, fromFile, fromVariable)
		}
		if n := differing(fromFlag, defaults()); n != 1 {
			t.Errorf("%s changes %d fields", s.key, n)
		}
	}
	if len(byName) != len(known) {
		t.Errorf("%d samples for the keys %v", len(byName), known)
	}
	c, err := load(t, "private-key: /etc/key.pem\ncertificate: /etc/cert.pem\n")
	if err != nil || c.PrivateKey != "/etc/key.pem" || c.Certificate != "/etc/cert.pem" {
		t.Errorf("%+v, %v", c, err)
	}
}

// differing counts the fields in which two configurations differ.
func differing(a, b Config) int {
	n := 0
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if !cmp.Equal(va.Field(i).Interface(), vb.Field(i).Interface()) {
			n++
		}
	}
	return n
}

func TestLoad_AFlagWinsOverAVariableOverTheFile(t *testing.T) {
	const text = "log-level: warn\naudit-interval: 10s\nlocal-functions: true\npath.sysfs: /file\n"
	check := func(name string, want [4]any, args ...string) {
		t.Helper()
		c, err := load(t, text, args...)
		if err != nil {
			t.Fatal(err)
		}
		if got := [4]any{c.LogLevel, c.Audit, c.LocalFunctions, c.SysfsRoot}; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	check("the file", [4]any{slog.LevelWarn, 10 * time.Second, true, "/file"})
	t.Setenv("REPRESENTORD_LOG_LEVEL", "error")
	t.Setenv("REPRESENTORD_AUDIT_INTERVAL", "20s")
	t.Setenv("REPRESENTORD_LOCAL_FUNCTIONS", "false")
	t.Setenv("REPRESENTORD_PATH_SYSFS", "/variable")
	check("the variable", [4]any{slog.LevelError, 20 * time.Second, false, "/variable"})
	check("the flag", [4]any{slog.LevelInfo, 60 * time.Second, true, "/flag"},
		"--log-level=info", "--audit-interval=60s", "--local-functions", "--path.sysfs=/flag")
	t.Setenv("REPRESENTORD_LOG_LEVEL", "")
	check("an empty variable isn't set", [4]any{slog.LevelWarn, 20 * time.Second, false, "/variable"})
	for _, name := range []string{"NO_SUCH_KEY", "SERVICE_PORT_METRICS", "PORT_9797_TCP_ADDR", "VM", "TEST_NETNS"} {
		t.Setenv("REPRESENTORD_"+name, map[bool]string{true: "", false: "10.0.0.1"}[name == "NO_SUCH_KEY"])
	}
	check("variables that aren't ours don't matter", [4]any{slog.LevelWarn, 20 * time.Second, false, "/variable"})
}

func TestLoad_AnEmptyFlagTakesBackWhatTheFileSets(t *testing.T) {
	t.Parallel()
	c, err := load(t, "chassis: dpu1\ncontrol-group: adm\n", "--chassis=")
	if err != nil || c.Chassis != "" || c.ControlGroup != "adm" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLoad_ValuesAreTakenAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"chassis: 007": "007", "chassis: 0x10": "0x10", "chassis: 1e3": "1e3", "chassis: yes": "yes", "chassis: 2001-01-01": "2001-01-01",
		`chassis: "null"`: "null", "chassis: 'dpu 1'": "", "chassis: DPU1": "DPU1",
	} {
		c, err := load(t, text)
		if c.Chassis != want || (want == "") != (err != nil) {
			t.Errorf("%s gives %q, %v", text, c.Chassis, err)
		}
	}
}

func TestLoad_ValuesThatBreakARuleAreRefused(t *testing.T) {
	t.Parallel()
	for key, values := range map[string][]string{
		"ovs-db":           {"", "db.sock", "unix:db.sock", "ptcp:6640", "tcp:", "http://host"},
		"chassis":          {"a b", "a\nb", "a\x1b"},
		"private-key":      {"key.pem", "./key.pem"},
		"certificate":      {"cert.pem"},
		"ca-cert":          {"~/ca.pem"},
		"verify-host-name": {"maybe", "yes"},
		"probe-interval":   {"", "5", "0", "0s", "999ms", "-5s", "11m", "abc"},
		"local-functions":  {"maybe"},
		"adopt-ovn-vif":    {"maybe"},
		"mass-unplug-hold": {"0s", "25h", "2"},
		"unplug-grace":     {"", "-1s", "61s", "5"},
		"link-down-grace":  {"", "-1s", "601s", "5"},
		"audit-interval":   {"0", "61m"},
		"control-socket":   {"", "control.sock", "/" + strings.Repeat("x", 107)},
		"control-group":    {"a b"},
		"metrics-listen": {"9797", "localhost:9797", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:9797", ":http",
			"1.2.3.4:9797/metrics"},
		"log-level":        {"", "verbose", "DEBUG", "info+1"},
		"log-format":       {"", "xml"},
		"path.sysfs":       {"", "sys"},
		"path.udev":        {"", "udev"},
		"path.ovn-sysconf": {"", "ovn"},
		"run-dir":          {"", "run"},
	} {
		for _, value := range values {
			if flag := boolFlag(key); flag {
				continue
			}
			_, err := load(t, "", "--"+key+"="+value)
			if err == nil {
				t.Errorf("--%s=%s is accepted", key, value)
				continue
			}
			if !strings.HasPrefix(err.Error(), key+`: "`) || !strings.HasSuffix(err.Error(), "(set by flag --"+key+")") ||
				strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("--%s=%q: %v", key, value, err)
			}
		}
		if boolFlag(key) {
			_, err := load(t, key+": "+values[0])
			if err == nil || !strings.Contains(err.Error(), key+`: "maybe" must be true or false`) {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}

func boolFlag(key string) bool {
	return slices.ContainsFunc(settings(&Config{}), func(s setting) bool { return s.key == key && s.boolean })
}

func TestLoad_ErrorsSayTheKeyTheValueTheRuleAndThePlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "representord.yaml")
	if err := os.WriteFile(path, []byte("# comment\nlog-level: loud\n\nprobe-interval: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REPRESENTORD_LOG_FORMAT", "xml")
	_, err := loadArgs(t, "--config", path, "--run-dir", "run")
	want := `probe-interval: "5" must be a time from 1s to 10m, with a unit, as in 90s or 2m (set by ` + path + `, line 4)
log-level: "loud" must be debug, info, warn or error (set by ` + path + `, line 2)
log-format: "xml" must be text or json (set by environment variable REPRESENTORD_LOG_FORMAT)
run-dir: "run" must be an absolute path (set by flag --run-dir)`
	if err == nil {
		t.Fatal("accepted")
	}
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestLoad_AVariableThatSetsNothingIsAWarningThatNamesTheNearest(t *testing.T) {
	for name, says := range map[string]string{
		"REPRESENTORD_LOG_LEVLE": `environment variable "REPRESENTORD_LOG_LEVLE" sets nothing that there is; ` +
			`did you mean REPRESENTORD_LOG_LEVEL?`,
		"REPRESENTORD_LOGLEVEL":    "did you mean REPRESENTORD_LOG_LEVEL?",
		"REPRESENTORD_log_level":   "did you mean REPRESENTORD_LOG_LEVEL?",
		"REPRESENTORD_PATH.SYSFS":  "did you mean REPRESENTORD_PATH_SYSFS?",
		"REPRESENTORD_CONFIG_FILE": `"REPRESENTORD_CONFIG_FILE" sets nothing that there is; unset it`,
		"REPRESENTORD_CONFG":       "did you mean REPRESENTORD_CONFIG?",
		"REPRESENTORD_":            `"REPRESENTORD_" sets nothing that there is; unset it`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "debug")
			c, err := load(t, "")
			if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], says) {
				t.Errorf("%q, %v; want %s", c.Warnings, err, says)
			}
		})
	}
}

func TestLoad_EverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "representord.yaml")
	if err := os.WriteFile(path, []byte("chasis: dpu1\naudit-interval: never\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := loadArgs(t, "--config", path, "--log-format=xml", "--private-key=/key.pem")
	want := `configuration file "` + path + `": line 1: unknown key "chasis"; did you mean chassis?
audit-interval: "never" must be a time from 1s to 1h, with a unit, as in 90s or 2m (set by ` + path + `, line 2)
log-format: "xml" must be text or json (set by flag --log-format)`
	if err == nil {
		t.Fatal("accepted")
	}
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	_, err = load(t, "", "--log-format=xml", "--private-key=/key.pem", "--ovs-db=ssl:192.0.2.1:6640")
	if err == nil || !strings.Contains(err.Error(), "log-format: ") || !strings.Contains(err.Error(), "belong together") {
		t.Errorf("%v", err)
	}
}

func TestLoad_PrivateKeyAndCertificateBelongTogether(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"private-key: /key.pem", "certificate: /cert.pem"} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), "belong together") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestLoad_ALocalDatabaseBehindTLSNeedsAllThreeFiles(t *testing.T) {
	t.Parallel()
	const endpoint = "ovs-db: ssl:192.0.2.1:6640\n"
	const own = "private-key: /key.pem\ncertificate: /cert.pem\n"
	for _, text := range []string{endpoint, endpoint + own, endpoint + "ca-cert: /ca.pem\n"} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), "ssl:") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := load(t, endpoint+own+"ca-cert: /ca.pem\n"); err != nil {
		t.Error(err)
	}
}

func TestLoad_TheFileMayBeAbsentOnlyWhenNobodyNamedIt(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if f, err := readFile(missing, nil, true); err != nil || f.path != "" || len(f.entries) > 0 {
		t.Errorf("optional: %+v, %v", f, err)
	}
	if _, err := loadArgs(t, "--config", missing); err == nil || !strings.Contains(err.Error(), missing) ||
		!strings.Contains(err.Error(), "no such file") {
		t.Errorf("flag: %v", err)
	}
	t.Setenv("REPRESENTORD_CONFIG", missing)
	if _, err := loadArgs(t); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("variable: %v", err)
	}
	if _, err := loadArgs(t, "--config", t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
}

func TestLoad_NeedsItsFlags(t *testing.T) {
	t.Parallel()
	if _, err := Load(pflag.NewFlagSet("", pflag.ContinueOnError)); err == nil || !strings.Contains(err.Error(), "--ovs-db") {
		t.Errorf("%v", err)
	}
}

func TestFlags_EachHasAHelpText(t *testing.T) {
	t.Parallel()
	fs := pflag.NewFlagSet("representord", pflag.ContinueOnError)
	Flags(fs)
	n := 0
	fs.VisitAll(func(f *pflag.Flag) {
		n++
		if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
			t.Errorf("--%s: %q", f.Name, f.Usage)
		}
	})
	if n != len(settings(&Config{}))+1 {
		t.Errorf("%d flags", n)
	}
}
