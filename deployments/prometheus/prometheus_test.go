// Package prometheus_test asks promtool about what Prometheus and Grafana are given.
package prometheus_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

func TestConfigurationIsSound(t *testing.T) {
	t.Parallel()
	promtest.Check(t, "", "check", "config", "prometheus.yml")
}

// ruleTests try the alerts.
var ruleTests = []string{"alerts_test.yml", "keys_test.yml", "certificate_test.yml"}

func TestAlertsFireOnWhatTheyAreForAndNotOnWhatIsUsual(t *testing.T) {
	t.Parallel()
	promtest.Check(t, "", append([]string{"test", "rules"}, ruleTests...)...)
}

// rules are alerts.yml, as far as it is looked at.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func TestEachAlertIsTriedAndHasItsSectionInTheRunBook(t *testing.T) {
	t.Parallel()
	var found rules
	if err := yaml.Unmarshal(read(t, "alerts.yml"), &found); err != nil {
		t.Fatal(err)
	}
	tried := ""
	for _, file := range ruleTests {
		tried += string(read(t, file))
	}
	sections := regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(string(read(t, "../../docs/guides/runbook.md")), -1)
	var alerts []string
	for _, rule := range found.Groups[0].Rules {
		alerts = append(alerts, rule.Alert)
		anchor := "docs/guides/runbook.md#" + strings.ToLower(rule.Alert)
		if url := rule.Annotations["runbook_url"]; !strings.HasSuffix(url, anchor) {
			t.Errorf("%s: runbook_url is %q, want …%s", rule.Alert, url, anchor)
		}
		if !strings.Contains(tried, "alertname: "+rule.Alert+"\n") {
			t.Errorf("%s is not tried", rule.Alert)
		}
		if severity := rule.Labels["severity"]; severity != "warning" && severity != "critical" {
			t.Errorf("%s: severity is %q", rule.Alert, severity)
		}
	}
	for _, section := range sections {
		if !slices.Contains(alerts, section[1]) {
			t.Errorf("the run-book has a section %s, and there is no such alert", section[1])
		}
	}
	if len(sections) != len(alerts) {
		t.Errorf("the run-book has %d sections for %d alerts", len(sections), len(alerts))
	}
}

const dashboardFile = "../grafana/dashboards/menjin.json"

// dashboard is what is looked at of it.
type dashboard struct {
	Panels []struct {
		ID         int    `json:"id"`
		Type       string `json:"type"`
		Title      string `json:"title"`
		Datasource struct {
			UID string `json:"uid"`
		} `json:"datasource"`
		GridPos struct{ H, W, X, Y int } `json:"gridPos"`
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func TestQueriesOfTheDashboardAreSound(t *testing.T) {
	t.Parallel()
	var found dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &found); err != nil {
		t.Fatal(err)
	}
	var recorded strings.Builder
	recorded.WriteString("groups:\n- name: dashboard\n  rules:\n")
	queries := 0
	for _, panel := range found.Panels {
		for _, target := range panel.Targets {
			queries++
			expr := strings.NewReplacer("$__rate_interval", "5m", "$job", "menjin").Replace(target.Expr)
			recorded.WriteString("  - record: q" + strconv.Itoa(queries) + "\n    expr: " + strconv.Quote(expr) + "\n")
		}
	}
	if queries < 50 {
		t.Errorf("found %d queries, want all of them", queries)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(recorded.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtest.Check(t, "", "check", "rules", file)
}

func TestPanelsHaveIDsOfTheirOwnAndDoNotLieOverEachOther(t *testing.T) {
	t.Parallel()
	var found dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &found); err != nil {
		t.Fatal(err)
	}
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	for _, panel := range found.Panels {
		if ids[panel.ID] {
			t.Errorf("%q: id %d is there twice", panel.Title, panel.ID)
		}
		ids[panel.ID] = true
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies over %q", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
	}
}

func TestGrafanaIsGivenTheDataSourceAndTheFolderOfTheDashboard(t *testing.T) {
	t.Parallel()
	var sources struct {
		Datasources []struct {
			UID  string `yaml:"uid"`
			Type string `yaml:"type"`
		} `yaml:"datasources"`
	}
	if err := yaml.Unmarshal(read(t, "../grafana/provisioning/datasources/prometheus.yml"), &sources); err != nil {
		t.Fatal(err)
	}
	var found dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &found); err != nil {
		t.Fatal(err)
	}
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" {
		t.Fatalf("data sources: got %+v, want one Prometheus", sources.Datasources)
	}
	for _, panel := range found.Panels {
		if uid := panel.Datasource.UID; panel.Type != "row" && uid != sources.Datasources[0].UID {
			t.Errorf("%q asks %q, which is not provided", panel.Title, uid)
		}
	}
	var dashboards struct {
		Providers []struct {
			Options struct {
				Path string `yaml:"path"`
			} `yaml:"options"`
		} `yaml:"providers"`
	}
	if err := yaml.Unmarshal(read(t, "../grafana/provisioning/dashboards/menjin.yml"), &dashboards); err != nil {
		t.Fatal(err)
	}
	if len(dashboards.Providers) != 1 || dashboards.Providers[0].Options.Path != "/var/lib/grafana/dashboards" {
		t.Errorf("providers: got %+v, want the folder that compose mounts", dashboards.Providers)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
