package bootstrap_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestDashboardAndAlertsNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	p := start(t, onServers(t))
	p.login(p.sandboxCode("alice"))
	eventually(t, "the event is published", func() bool {
		_, samples := scrape(t, p.api)
		return sum(samples, "menjin_events_published_total", nil) > 0
	})
	_, samples := scrape(t, p.api)

	labels := map[string][]string{"up": nil, "menjin_build_info": nil}
	for _, one := range samples {
		for label := range one.labels {
			labels[one.name] = append(labels[one.name], label)
		}
		labels[one.name] = append(labels[one.name], "job", "instance") // Prometheus adds them
	}
	labels["up"] = []string{"job", "instance"}
	used := make(map[string]bool)
	for where, expr := range expressions(t) {
		named, by := parts(expr)
		if len(named) == 0 {
			t.Errorf("%s names no metric: %s", where, expr)
		}
		var known []string
		for _, name := range named {
			if _, found := labels[name]; !found {
				t.Errorf("%s names %s, which is not there", where, name)
			}
			known, used[name] = append(known, labels[name]...), true
		}
		for _, label := range by {
			if !slices.Contains(known, label) {
				t.Errorf("%s speaks of a label %q that none of %q has", where, label, named)
			}
		}
	}
	for _, one := range samples {
		base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(one.name, "")
		if strings.HasPrefix(one.name, "menjin_") && !used[one.name] && !used[base+"_bucket"] && !used[base+"_sum"] {
			used[one.name] = true
			t.Errorf("%s is on no dashboard and in no alert", one.name)
		}
	}
}

// expressions are the queries of the dashboard and of the alerts, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := json.Unmarshal(readDeployment(t, "grafana/dashboards/menjin.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(readDeployment(t, "prometheus/alerts.yml"), &alerts); err != nil {
		t.Fatal(err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			found["panel "+panel.Title+" "+target.RefID] = target.Expr
		}
	}
	for _, rule := range alerts.Groups[0].Rules {
		found["alert "+rule.Alert] = rule.Expr
	}
	return found
}

func readDeployment(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../deployments/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	queryText    = regexp.MustCompile(`"[^"]*"`)
	queryRange   = regexp.MustCompile(`\[[^\]]*\]`)
	queryGroups  = regexp.MustCompile(`\b(?:by|without|on|ignoring)\s*\(([^)]*)\)`)
	queryMatch   = regexp.MustCompile(`\{([^}]*)\}`)
	queryWord    = regexp.MustCompile(`[a-zA-Z_]\w*\s*\(?`)
	queryKeyword = []string{"and", "or", "unless", "bool", "offset"}
)

// parts takes a query apart that promtool finds sound: the metrics it names, and the labels it matches or groups by.
func parts(expr string) (metrics, labels []string) {
	expr = queryRange.ReplaceAllString(queryText.ReplaceAllString(expr, ""), "")
	for _, found := range append(queryGroups.FindAllStringSubmatch(expr, -1), queryMatch.FindAllStringSubmatch(expr, -1)...) {
		for label := range strings.SplitSeq(found[1], ",") {
			labels = append(labels, strings.Trim(label, " =!~"))
		}
	}
	expr = queryMatch.ReplaceAllString(queryGroups.ReplaceAllString(expr, ""), "")
	for _, word := range queryWord.FindAllString(expr, -1) {
		if !strings.HasSuffix(word, "(") && !slices.Contains(queryKeyword, strings.TrimSpace(word)) && !slices.Contains(aggregations, strings.TrimSpace(word)) {
			metrics = append(metrics, strings.TrimSpace(word))
		}
	}
	return metrics, labels
}

// aggregations stand before what they group by, once that is taken away.
var aggregations = []string{"sum", "min", "max", "count", "avg", "topk"}
