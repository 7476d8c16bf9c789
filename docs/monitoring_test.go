package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/representord/representord/internal/metrics"
	"github.com/representord/representord/test/servers"
)

func TestMetrics_AreAllOnThePageAboutMonitoring(t *testing.T) {
	page := read(t, "monitoring.md")
	rows := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\| (counter|gauge|histogram) .*$").FindAllString(page, -1)
	for _, m := range metrics.All() {
		var labels []string
		for _, l := range m.Labels {
			labels = append(labels, "`"+l+"`")
		}
		want := fmt.Sprintf("| `%s` | %s | %s | %s |", m.Name, m.Type, strings.Join(labels, ", "), m.Help)
		if n := slices.Index(rows, want); n < 0 {
			t.Errorf("monitoring.md lacks the line\n%s", want)
		} else {
			rows = slices.Delete(rows, n, n+1)
		}
	}
	for _, row := range rows {
		t.Errorf("monitoring.md has a metric that is none:\n%s", row)
	}
}

// families gives every metric by the names that its samples have.
func families() map[string]metrics.Metric {
	all := map[string]metrics.Metric{}
	for _, m := range metrics.All() {
		all[m.Name] = m
		if m.Type == metrics.Histogram {
			delete(all, m.Name)
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				all[m.Name+suffix] = m
			}
		}
	}
	return all
}

// checkExpression holds an expression of PromQL to the metrics and labels that there
// are, and gives the names that it uses.
func checkExpression(t *testing.T, where, expression string) map[string]bool {
	t.Helper()
	all, used := families(), map[string]bool{}
	selector := regexp.MustCompile(`\b((?:representord|process|go)_\w+)(?:\{([^}]*)\})?`)
	for _, found := range selector.FindAllStringSubmatch(expression, -1) {
		m, ok := all[found[1]]
		if !ok {
			t.Errorf("%s: there is no metric %s", where, found[1])
			continue
		}
		used[m.Name] = true
		known := append([]string{"job", "instance", "le"}, m.Labels...)
		for _, label := range regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`).FindAllStringSubmatch(found[2], -1) {
			if !slices.Contains(known, label[1]) {
				t.Errorf("%s: %s has no label %s", where, found[1], label[1])
			}
		}
	}
	return used
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func TestAlerts_AreAboutMetricsThatExistAndSayWhatToDo(t *testing.T) {
	var file ruleFile
	if err := yaml.Unmarshal([]byte(read(t, "monitoring/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var tests struct {
		Tests []struct {
			Name   string `yaml:"name"`
			Alerts []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "monitoring/alerts_test.yaml")), &tests); err != nil {
		t.Fatal(err)
	}
	raised, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		for _, a := range test.Alerts {
			if len(a.Expected) > 0 {
				raised[a.Name] = true
			} else if test.Name == "a healthy daemon" {
				silent[a.Name] = true
			}
		}
	}
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			if len(checkExpression(t, r.Alert, r.Expr)) == 0 && !strings.Contains(r.Expr, "up{") {
				t.Errorf("%s is about no metric of ours", r.Alert)
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s doesn't say how bad it is, what it is, or what to do", r.Alert)
			}
			if !raised[r.Alert] || !silent[r.Alert] {
				t.Errorf("alerts_test.yaml doesn't show that %s is raised and that a healthy daemon doesn't raise it", r.Alert)
			}
		}
	}
	if len(raised) < 20 {
		t.Errorf("only %d alerts were found", len(raised))
	}
}

// Whoever is woken looks at the dashboard first.
func TestDashboard_ShowsWhatACriticalAlertIsAbout(t *testing.T) {
	var file ruleFile
	if err := yaml.Unmarshal([]byte(read(t, "monitoring/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "monitoring/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			maps.Copy(shown, checkExpression(t, p.Title, target.Expr))
		}
	}
	for _, group := range file.Groups {
		for _, r := range group.Rules {
			used := checkExpression(t, r.Alert, r.Expr)
			seen := slices.ContainsFunc(slices.Collect(maps.Keys(used)), func(name string) bool { return shown[name] })
			if r.Labels["severity"] == "critical" && len(used) > 0 && !seen {
				t.Errorf("no panel shows what %s is about", r.Alert)
			}
		}
	}
}

func TestAlerts_AreRaisedByWhatTheyAreFor(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		if out, err := servers.Promtool(t, "monitoring", "", args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct {
			H, W, X, Y int
		} `json:"gridPos"`
		Targets []struct {
			RefID string `json:"refId"`
			Expr  string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
}

func TestDashboard_ShowsMetricsThatExist(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "monitoring/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	for _, v := range d.Templating.List {
		checkExpression(t, "variable "+v.Name, v.Definition)
	}
	// What Grafana would put in place of its variables.
	grafana := strings.NewReplacer("$instance", ".*", "$__rate_interval", "5m", "$__range", "6h")
	rules := []map[string]string{}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: two panels have id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, taken := cells[cell]; taken || cell[0] >= 24 {
					t.Fatalf("%s lies on %q or outside", p.Title, other)
				}
				cells[cell] = p.Title
			}
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			if len(checkExpression(t, p.Title, target.Expr)) == 0 {
				t.Errorf("%s shows no metric of ours: %s", p.Title, target.Expr)
			}
			if !strings.Contains(target.Expr, `instance=~"$instance"`) {
				t.Errorf("%s doesn't choose the instance: %s", p.Title, target.Expr)
			}
			rules = append(rules, map[string]string{"record": "panel:expression", "expr": grafana.Replace(target.Expr),
				"panel": p.Title + target.RefID})
		}
	}
	checkSyntax(t, rules)
}

// checkSyntax has Prometheus parse expressions.
func checkSyntax(t *testing.T, rules []map[string]string) {
	t.Helper()
	if len(rules) < 20 {
		t.Errorf("only %d expressions were found", len(rules))
	}
	list := []map[string]any{}
	for _, r := range rules {
		list = append(list, map[string]any{"record": r["record"], "expr": r["expr"], "labels": map[string]string{"panel": r["panel"]}})
	}
	b, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": list}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "panels.yaml"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := servers.Promtool(t, dir, "", "check", "rules", "panels.yaml"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
