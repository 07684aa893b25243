package httpapi

import (
	"bytes"
	_ "embed" // the contract
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var contractYAML []byte

// Contract returns openapi.yaml as it was built in. The slice is the caller's own.
func Contract() []byte { return bytes.Clone(contractYAML) }

// contract is what the server takes from openapi.yaml while it runs.
type contract struct {
	document   []byte // as JSON
	operations map[string]*operation
}

// operation is a route as the contract has it.
type operation struct {
	id     string // "login"
	path   string // "/docs/{asset}"
	public bool   // answers without a token
	limit  string // the group of routes that share a rate; empty: none
	body   *jsonschema.Schema

	metrics *routeMetrics // set with the route
}

// document is the part of OpenAPI that is looked at.
type document struct {
	Security []any                                 `json:"security"`
	Paths    map[string]map[string]json.RawMessage `json:"paths"`
}

type documentOperation struct {
	ID          string `json:"operationId"`
	Security    *[]any `json:"security"` // nil: as the document says
	RateLimit   string `json:"x-rate-limit"`
	RequestBody *struct {
		Content map[string]any `json:"content"`
	} `json:"requestBody"`
}

func loadContract(version string) (*contract, error) {
	tree := make(map[string]any)
	if err := yaml.Unmarshal(contractYAML, &tree); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	if info, ok := tree["info"].(map[string]any); ok && version != "" {
		info["version"] = version
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("convert to JSON: %w", err)
	}
	c := &contract{document: text, operations: make(map[string]*operation)}
	return c, c.loadOperations()
}

// contractURL is where the schemas refer to each other; nothing is ever fetched from it.
const contractURL = "contract:///openapi.json"

func (c *contract) loadOperations() error {
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.document))
	if err != nil {
		return fmt.Errorf("read as JSON schemas: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource(contractURL, tree); err != nil {
		return fmt.Errorf("read as JSON schemas: %w", err)
	}
	var parsed document
	if err := json.Unmarshal(c.document, &parsed); err != nil {
		return fmt.Errorf("read operations: %w", err)
	}
	for path, methods := range parsed.Paths {
		for method, raw := range methods {
			if err := c.addOperation(compiler, parsed, path, method, raw); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	return nil
}

func (c *contract) addOperation(compiler *jsonschema.Compiler, doc document, path, method string, raw json.RawMessage) error {
	if !isMethod(method) {
		return nil // "parameters", "summary" and the like
	}
	var declared documentOperation
	if err := json.Unmarshal(raw, &declared); err != nil {
		return fmt.Errorf("read operation: %w", err)
	}
	security := doc.Security
	if declared.Security != nil {
		security = *declared.Security
	}
	op := &operation{id: declared.ID, path: path, public: len(security) == 0, limit: declared.RateLimit}
	if declared.RequestBody != nil && declared.RequestBody.Content["application/json"] != nil {
		pointer := strings.NewReplacer("~", "~0", "/", "~1")
		schema, err := compiler.Compile(contractURL + "#/paths/" + pointer.Replace(path) + "/" + method +
			"/requestBody/content/application~1json/schema")
		if err != nil {
			return fmt.Errorf("compile body schema: %w", err)
		}
		op.body = schema
	}
	c.operations[strings.ToUpper(method)+" "+path] = op
	return nil
}

func isMethod(name string) bool {
	switch strings.ToUpper(name) {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch:
		return true
	default:
		return false
	}
}
