// Package httpapi is how the world calls Menjin: the REST API of openapi.yaml over HTTP.
//
// The contract comes first. From openapi.yaml come the generated types and routes, which routes want a token, the schemas
// that request bodies are checked against and the document served at /openapi.json and /docs; a route cannot exist without
// it. A handler decodes, calls one use case and encodes; what fails is translated, answered and logged in one place.
//
// Echo does the routing and nothing else: what happens to every request (an id, a deadline, the headers that protect
// browsers, the log line, the answer to a panic) is in [Server.ServeHTTP], which is plain net/http.
package httpapi

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config oapi-codegen.yaml openapi.yaml
