package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"go.yaml.in/yaml/v3"
)

// EventDocuments describe the events that are published. The zero value describes none.
type EventDocuments struct {
	Schemas  fs.FS  // a JSON Schema for each type, <type>.json
	AsyncAPI []byte // as JSON; it refers to the schemas at schemas/<type>.json
}

// eventFiles are the documents as they are served.
type eventFiles struct {
	index, page          *file
	asyncJSON, asyncYAML *file // nil: none is there
	schemas              map[string]*file
}

// eventSchema is the part of a schema that people are shown.
type eventSchema struct {
	ID          string            `json:"$id"`
	Title       string            `json:"title"`
	Summary     string            `json:"x-summary"`
	Description string            `json:"description"`
	Required    []string          `json:"required"`
	Properties  json.RawMessage   `json:"properties"`
	Examples    []json.RawMessage `json:"examples"`
}

func loadEvents(documents EventDocuments, css *file) (*eventFiles, error) {
	files := &eventFiles{schemas: make(map[string]*file)}
	list := []EventSchema{}
	var shown []eventSchema
	if documents.Schemas != nil {
		names, err := fs.Glob(documents.Schemas, "*.json")
		if err != nil {
			return nil, fmt.Errorf("list schemas: %w", err)
		}
		for _, name := range names {
			schema, err := files.addSchema(documents.Schemas, name)
			if err != nil {
				return nil, fmt.Errorf("read schema %s: %w", name, err)
			}
			shown = append(shown, schema)
			list = append(list, EventSchema{
				Type: strings.TrimSuffix(name, ".json"), Id: schema.ID, Schema: "/schemas/" + name, Title: schema.Summary,
			})
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("write index of schemas: %w", err)
	}
	files.index = newFile("schemas.json", "application/json", text)
	if err := files.addAsyncAPI(documents.AsyncAPI); err != nil {
		return nil, fmt.Errorf("read AsyncAPI document: %w", err)
	}
	files.page, err = eventPage(documents.AsyncAPI, shown, css)
	return files, err
}

func (f *eventFiles) addSchema(schemas fs.FS, name string) (schema eventSchema, err error) {
	text, err := fs.ReadFile(schemas, name)
	if err != nil {
		return schema, err
	}
	f.schemas[name] = newFile(name, "application/schema+json", text)
	return schema, json.Unmarshal(text, &schema)
}

func (f *eventFiles) addAsyncAPI(text []byte) error {
	if text == nil {
		return nil
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return err
	}
	written, err := yaml.Marshal(tree)
	if err != nil {
		return err
	}
	f.asyncJSON = newFile("asyncapi.json", "application/json", text)
	f.asyncYAML = newFile("asyncapi.yaml", "application/yaml", written)
	return nil
}

// sent answers with a document, or that there is none.
func (f *file) sent(ctx context.Context) (sentFile, error) {
	if f == nil {
		return sentFile{}, errNotFound
	}
	return sentFile{f, exchangeOf(ctx)}, nil
}

// ListSchemas answers GET /schemas/.
func (h *handler) ListSchemas(ctx context.Context, _ ListSchemasRequestObject) (ListSchemasResponseObject, error) {
	return h.events.index.sent(ctx)
}

// GetSchema answers GET /schemas/{file}.
func (h *handler) GetSchema(ctx context.Context, request GetSchemaRequestObject) (GetSchemaResponseObject, error) {
	return h.events.schemas[request.File].sent(ctx)
}

// GetEventContract answers GET /asyncapi.json.
func (h *handler) GetEventContract(ctx context.Context, _ GetEventContractRequestObject) (GetEventContractResponseObject, error) {
	return h.events.asyncJSON.sent(ctx)
}

// GetEventContractYaml answers GET /asyncapi.yaml.
func (h *handler) GetEventContractYaml(
	ctx context.Context, _ GetEventContractYamlRequestObject,
) (GetEventContractYamlResponseObject, error) {
	return h.events.asyncYAML.sent(ctx)
}

// GetEventPage answers GET /docs/events.
func (h *handler) GetEventPage(ctx context.Context, _ GetEventPageRequestObject) (GetEventPageResponseObject, error) {
	return h.events.page.sent(ctx)
}

func (f sentFile) VisitListSchemasResponse(w http.ResponseWriter) error {
	return f.send(w, f.x.request)
}

func (f sentFile) VisitGetSchemaResponse(w http.ResponseWriter) error { return f.send(w, f.x.request) }

func (f sentFile) VisitGetEventContractResponse(w http.ResponseWriter) error {
	return f.send(w, f.x.request)
}

func (f sentFile) VisitGetEventContractYamlResponse(w http.ResponseWriter) error {
	return f.send(w, f.x.request)
}

func (f sentFile) VisitGetEventPageResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Security-Policy", pagePolicy)
	return f.send(w, f.x.request)
}
