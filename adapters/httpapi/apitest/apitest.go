// Package apitest holds what Menjin's API answers against its contract. Its client is an ordinary http.Client whose every
// response is validated on the way back: a status, header or body that openapi.yaml does not allow fails the test.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/menjin-id/menjin/adapters/httpapi"
)

// Client returns a client that validates what the service at baseURL answers, follows no redirect and keeps no connection
// beyond the test. Requests to other places pass unseen.
func Client(tb testing.TB, baseURL string) *http.Client {
	tb.Helper()
	base, err := url.Parse(baseURL)
	if err != nil {
		tb.Fatalf("parse base URL: %v", err)
	}
	plain := http.DefaultTransport.(*http.Transport).Clone()
	tb.Cleanup(plain.CloseIdleConnections)
	return &http.Client{
		Transport:     &transport{tb: tb, next: plain, host: base.Host, contract: load(tb)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct {
	tb       testing.TB
	next     http.RoundTripper
	host     string
	contract *openapi3.T
}

// RoundTrip reports a breach with Errorf and hands the response on all the same.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil || r.URL.Host != t.host {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read response: %w", err)
	}
	if err := validate(t.contract, r, response, body); err != nil {
		t.tb.Errorf("%s %s answers %d against the contract: %v\nbody: %.500s", r.Method, r.URL.Path, response.StatusCode, err, body)
	}
	return response, nil
}

var loaded = sync.OnceValues(func() (*openapi3.T, error) {
	for _, text := range []string{"text/html", "text/css", "text/javascript", "application/yaml"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.PlainBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("application/schema+json", openapi3filter.JSONBodyDecoder)
	contract, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		return nil, err
	}
	return contract, contract.Validate(context.Background())
})

func load(tb testing.TB) *openapi3.T {
	tb.Helper()
	contract, err := loaded()
	if err != nil {
		tb.Fatalf("load contract: %v", err)
	}
	return contract
}

// validate says what is wrong with a response.
func validate(contract *openapi3.T, r *http.Request, response *http.Response, body []byte) error {
	if err := checkEveryResponse(r, response, body); err != nil {
		return err
	}
	route := find(contract, r)
	switch {
	case r.Method == http.MethodOptions && response.StatusCode == http.StatusNoContent:
		return nil
	case route == nil:
		route = elsewhere(contract, r)
	}
	if r.Method == http.MethodHead && route.Operation.Responses.Status(response.StatusCode) == nil {
		return fmt.Errorf("status %d is not in the contract", response.StatusCode)
	}
	request := &openapi3filter.RequestValidationInput{Request: r, Route: route}
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: response.StatusCode, Header: response.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// checkEveryResponse holds what the contract says in words.
func checkEveryResponse(r *http.Request, response *http.Response, body []byte) error {
	id := response.Header.Get("X-Request-Id")
	if id == "" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		return fmt.Errorf("X-Request-ID or X-Content-Type-Options is missing: %v", response.Header)
	}
	if strings.HasPrefix(r.URL.Path, "/api") && response.Header.Get("Cache-Control") != "no-store" {
		return fmt.Errorf("Cache-Control is %q, want no-store", response.Header.Get("Cache-Control"))
	}
	var envelope struct {
		Code      *int    `json:"code"`
		RequestID *string `json:"request_id"`
	}
	if json.Unmarshal(body, &envelope) != nil || envelope.Code == nil {
		return nil // not an envelope; whether it should be one is the schema's to say
	}
	if *envelope.Code != response.StatusCode || envelope.RequestID == nil || *envelope.RequestID != id {
		return fmt.Errorf("envelope and head disagree: X-Request-ID is %q", id)
	}
	return nil
}

var parameter = regexp.MustCompile(`\\\{\w+\\\}`)

// find returns the route of a request, or nil when the contract has none.
func find(contract *openapi3.T, r *http.Request) *routers.Route {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if item := contract.Paths.Find(r.URL.EscapedPath()); item != nil && item.GetOperation(method) != nil { // before a path that takes anything
		return &routers.Route{Spec: contract, Path: r.URL.Path, PathItem: item, Method: method, Operation: item.GetOperation(method)}
	}
	for path, item := range contract.Paths.Map() {
		pattern := "^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$"
		if !regexp.MustCompile(pattern).MatchString(r.URL.EscapedPath()) || item.GetOperation(method) == nil {
			continue
		}
		return &routers.Route{Spec: contract, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)}
	}
	return nil
}

// elsewhere is the route of a request that the contract has none for: all it may get is 404 or 405.
func elsewhere(contract *openapi3.T, r *http.Request) *routers.Route {
	responses := openapi3.NewResponses(
		openapi3.WithStatus(http.StatusNotFound, contract.Components.Responses["NotFound"]),
		openapi3.WithStatus(http.StatusMethodNotAllowed, contract.Components.Responses["MethodNotAllowed"]),
	)
	return &routers.Route{
		Spec: contract, Path: r.URL.Path, Method: r.Method,
		Operation: &openapi3.Operation{Responses: responses},
	}
}
