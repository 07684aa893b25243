package httpapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

// contracted is the contract with every reference followed.
func contracted(t *testing.T) *openapi3.T {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// operations calls visit with each, and with a name for messages.
func operations(t *testing.T, visit func(name string, operation *openapi3.Operation)) {
	t.Helper()
	for path, item := range contracted(t).Paths.Map() {
		for method, operation := range item.Operations() {
			visit(method+" "+path, operation)
		}
	}
}

func TestEveryOperationHasExamplesThatHold(t *testing.T) {
	t.Parallel()
	operations(t, func(name string, operation *openapi3.Operation) {
		if operation.RequestBody != nil {
			wantExamples(t, name+", request", operation.RequestBody.Value.Content)
		}
		for status, response := range operation.Responses.Map() {
			wantExamples(t, name+", "+status, response.Value.Content)
		}
	})
}

// wantExamples leaves out what is no JSON: pages, and what other conventions write.
func wantExamples(t *testing.T, where string, content openapi3.Content) {
	t.Helper()
	media := content.Get("application/json")
	if media == nil || media.Schema == nil {
		return
	}
	examples := slices.Clone(media.Schema.Value.Examples)
	if media.Example != nil {
		examples = append(examples, media.Example)
	}
	for _, example := range media.Examples {
		examples = append(examples, example.Value.Value)
	}
	if len(examples) == 0 && media.Schema.Value.Example == nil {
		t.Errorf("%s has no example", where)
	}
	for i, example := range examples {
		if err := media.Schema.Value.VisitJSON(example, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s, example %d: %v", where, i, err)
		}
	}
}

func TestEveryOperationListsItsReasons(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	operations(t, func(name string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			if code, err := strconv.Atoi(status); err != nil || code < 400 || response.Value.Content.Get("application/json") == nil {
				continue
			}
			reasons := reasonsOf(response.Value)
			if len(reasons) == 0 && strings.Contains(name, " /api") {
				t.Errorf("%s, %s lists no reason", name, status)
			}
			for _, reason := range reasons {
				listed[reason] = true
				if !strings.Contains(*response.Value.Description, "`"+reason+"`") {
					t.Errorf("%s, %s: %s is not explained", name, status, reason)
				}
			}
		}
		if status := operation.Responses.Map(); strings.Contains(name, " /api") && (status["500"] == nil || status["503"] == nil && name != "GET /api/hello") {
			t.Errorf("%s does not say what it answers when something of ours fails", name)
		}
	})
	// Of every route and of none: they answer what has no operation.
	listed["NOT_FOUND"], listed["METHOD_NOT_ALLOWED"] = true, true
	for _, reason := range contracted(t).Components.Schemas["Error"].Value.Properties["reason"].Value.Enum {
		if !listed[fmt.Sprint(reason)] {
			t.Errorf("no operation lists %v", reason)
		}
	}
}

// reasonsOf reads what a response narrows the reason down to.
func reasonsOf(response *openapi3.Response) (reasons []string) {
	for _, part := range response.Content.Get("application/json").Schema.Value.AllOf {
		if part.Ref != "" || part.Value.Properties["reason"] == nil {
			continue
		}
		reason := part.Value.Properties["reason"].Value
		for _, one := range reason.Enum {
			reasons = append(reasons, fmt.Sprint(one))
		}
		if reason.Const != nil {
			reasons = append(reasons, fmt.Sprint(reason.Const))
		}
	}
	return reasons
}
