package envoy_test

import (
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"
)

type node = map[string]any

// load refuses a file in which a name is given twice.
func load(t *testing.T) node {
	t.Helper()
	text, err := os.ReadFile("envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config node
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// each calls visit with every mapping in the tree, outer ones first.
func each(tree any, visit func(node)) {
	switch value := tree.(type) {
	case node:
		visit(value)
		for _, inner := range value {
			each(inner, visit)
		}
	case []any:
		for _, inner := range value {
			each(inner, visit)
		}
	}
}

// filters returns the filters with a typed configuration, by name.
func filters(t *testing.T, config node) map[string]node {
	t.Helper()
	found := map[string]node{}
	each(config, func(n node) {
		if typed, ok := n["typed_config"].(node); ok {
			found[n["name"].(string)] = typed
		}
	})
	return found
}

// texts returns the values that the mappings of a list have under a key.
func texts(tree any, key string) []string {
	var all []string
	each(tree, func(n node) {
		if text, ok := n[key].(string); ok {
			all = append(all, text)
		}
	})
	return all
}

func TestEveryClusterThatIsNamedIsThere(t *testing.T) {
	t.Parallel()
	config := load(t)
	var there []string
	for _, cluster := range config["static_resources"].(node)["clusters"].([]any) {
		there = append(there, cluster.(node)["name"].(string))
	}
	named := texts(config, "cluster")
	if len(named) == 0 {
		t.Error("no cluster is named anywhere")
	}
	for _, name := range named {
		if !slices.Contains(there, name) {
			t.Errorf("cluster %q is named and not there", name)
		}
	}
}

func TestFiltersComeInTheOrderThatKeepsClaimsOut(t *testing.T) {
	t.Parallel()
	var got []string
	each(load(t), func(n node) {
		if n["stat_prefix"] == "public" {
			for _, filter := range n["http_filters"].([]any) {
				got = append(got, filter.(node)["name"].(string))
			}
		}
	})
	want := []string{"envoy.filters.http.header_mutation", "envoy.filters.http.ext_authz", "envoy.filters.http.router"}
	if !slices.Equal(got, want) {
		t.Errorf("filters: got %q, want %q", got, want)
	}
}

func TestNobodyIsLetInByAFailureAndClaimsAreTakenAway(t *testing.T) {
	t.Parallel()
	all := filters(t, load(t))
	check := all["envoy.filters.http.ext_authz"]
	if check["failure_mode_allow"] != false {
		t.Errorf("failure_mode_allow: got %v, want false", check["failure_mode_allow"])
	}
	if got := check["status_on_error"].(node)["code"]; got != "ServiceUnavailable" {
		t.Errorf("status_on_error: got %v, want ServiceUnavailable", got)
	}
	removed := texts(all["envoy.filters.http.header_mutation"], "remove")
	response := check["http_service"].(node)["authorization_response"].(node)
	told := texts(response["allowed_upstream_headers"], "exact")
	want := []string{"x-user-id", "x-session-id", "x-user-roles"}
	if !slices.Equal(removed, want) || !slices.Equal(told, want) {
		t.Errorf("taken away: %q, told to the service: %q, want both %q", removed, told, want)
	}
	for _, name := range texts(check["allowed_headers"], "exact") {
		if slices.Contains(want, name) {
			t.Errorf("Menjin is told the client's %s", name)
		}
	}
}
