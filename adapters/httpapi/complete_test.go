package httpapi

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/domain"
)

func TestEveryKindOfFailureHasAStatus(t *testing.T) {
	t.Parallel()
	for _, code := range domain.Codes() {
		if status := statuses[code]; status < 400 || status > 599 {
			t.Errorf("code %q has status %d", code, status)
		}
	}
}

func TestEveryReasonIsWordedAndInTheContract(t *testing.T) {
	t.Parallel()
	reasons := domainReasons(t)
	if len(reasons) < 10 {
		t.Fatalf("found only %q in package domain", reasons)
	}
	for _, own := range []*problem{errMalformedJSON, errNotFound, errMethodNotAllowed, errBodyTooLarge, errUnsupportedMediaType, internal} {
		reasons = append(reasons, own.reason)
	}
	contract := contractReasons(t)
	for _, reason := range reasons {
		if words := failures[reason]; words.zh == "" || words.en == "" {
			t.Errorf("reason %s has messages %+v", reason, words)
		}
		if !slices.Contains(contract, reason) {
			t.Errorf("reason %s is not in the contract", reason)
		}
	}
	for _, reason := range contract {
		if !slices.Contains(reasons, reason) {
			t.Errorf("reason %s is in the contract alone", reason)
		}
	}
	for reason := range failures {
		if !slices.Contains(reasons, reason) {
			t.Errorf("reason %s is worded and never answered", reason)
		}
	}
}

// domainReasons reads the reasons of every *Error in the source of package domain, where they are written out.
func domainReasons(t *testing.T) (reasons []string) {
	t.Helper()
	sources, err := filepath.Glob("../../domain/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		parsed, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if reason := reasonOf(node); reason != "" {
				reasons = append(reasons, reason)
			}
			return true
		})
	}
	return reasons
}

// reasonOf returns the text of Reason: "text".
func reasonOf(node ast.Node) string {
	pair, ok := node.(*ast.KeyValueExpr)
	if !ok {
		return ""
	}
	name, _ := pair.Key.(*ast.Ident)
	value, _ := pair.Value.(*ast.BasicLit)
	if name == nil || value == nil || name.Name != "Reason" {
		return ""
	}
	text, _ := strconv.Unquote(value.Value)
	return text
}

func contractReasons(t *testing.T) []string {
	t.Helper()
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []string }
			}
		}
	}
	// Only the one schema has text in every enum.
	part := string(contractYAML)
	part = "components:\n  schemas:\n" + between(t, part, "\n    Error:\n", "\n    Violation:\n")
	if err := yaml.Unmarshal([]byte(part), &document); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas["Error"].Properties["reason"].Enum
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	start, end := strings.Index(text, from), strings.Index(text, to)
	if start < 0 || end < start {
		t.Fatalf("contract lacks %q or %q", from, to)
	}
	return text[start+1 : end+1]
}

func TestEveryRuleIsWorded(t *testing.T) {
	t.Parallel()
	for rule, words := range rules {
		if words.zh == "" || words.en == "" {
			t.Errorf("rule %s has messages %+v", rule, words)
		}
	}
	for _, rule := range []string{"required", "type", "min", "max", "length", "format", "enum", "unknown", "common", "same", "linked"} {
		if _, found := rules[rule]; !found {
			t.Errorf("rule %s has no message", rule)
		}
	}
}

func TestEveryRouteOfTheContractIsServed(t *testing.T) {
	t.Parallel()
	contract, err := loadContract("")
	if err != nil {
		t.Fatal(err)
	}
	served := make(map[string]bool)
	s := &Server{metrics: newMetrics()}
	routes := &guardedRoutes{Echo: newRouter(), server: s, contract: contract}
	RegisterHandlers(routes, NewStrictHandler(&handler{Server: s}, nil))
	routes.registerPush(nil)
	routes.registerExposition(nil)
	if routes.err != nil {
		t.Fatal(routes.err)
	}
	for _, route := range routes.Routes() {
		served[route.Method+" "+pathParameter.ReplaceAllString(route.Path, "{$1}")] = true
	}
	for name := range contract.operations {
		if !served[name] {
			t.Errorf("%s is in the contract and not served", name)
		}
	}
}
