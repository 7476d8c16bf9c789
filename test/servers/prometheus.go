package servers

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// FreePort is a TCP port of the loopback that nobody had a moment ago, for servers
// that can't be told to take any.
func FreePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// Prometheus is a real one on the loopback.
type Prometheus struct {
	url string
}

// NewPrometheus starts a Prometheus that scrapes an address each second,
// as job "representord".
func NewPrometheus(tb testing.TB, target string) *Prometheus {
	tb.Helper()
	dir := Dir(tb)
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("scrape_configs:\n- job_name: representord\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  static_configs:\n  - "+
		"targets: [%q]\n", target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	process := startIn(tb, dir, "prometheus", "prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"),
		"--web.listen-address=127.0.0.1:0")
	p := &Prometheus{}
	// Its log tells which port the kernel chose.
	listening := regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)`)
	Until(tb, "Prometheus is ready", func() bool {
		found := listening.FindStringSubmatch(process.Log())
		if found == nil {
			return false
		}
		p.url = "http://" + found[1]
		answer, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return p
}

// Query evaluates an expression whose value is one sample, and gives the sample's
// value; false if there is none or several.
func (p *Prometheus) Query(tb testing.TB, expression string) (string, bool) {
	tb.Helper()
	answer, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		tb.Fatal(err)
	}
	defer answer.Body.Close()
	var found struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			Result []struct {
				Value [2]any `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		tb.Fatal(err)
	}
	if found.Status != "success" {
		tb.Fatalf("%s: %s", expression, found.Error)
	}
	if len(found.Data.Result) != 1 {
		return "", false
	}
	value, ok := found.Data.Result[0].Value[1].(string)
	return value, ok
}

// Promtool runs Prometheus' promtool in a directory, with something to read, and
// gives what it printed.
func Promtool(tb testing.TB, dir, stdin string, args ...string) (string, error) {
	tb.Helper()
	cmd := exec.Command(program(tb, "promtool"), args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
