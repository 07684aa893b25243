package tracing

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/menjin-id/menjin/domain"
)

// The texts quote nothing: an address and a header may hold a password.
var (
	errEndpoint = errors.New("want the address of an OTLP/HTTP collector, http://HOST:4318 or https://…, without user, query or fragment")
	errHeaders  = errors.New("want name=value, several with commas, values percent-encoded")
)

// CheckEndpoint refuses an address that Start would refuse.
func CheckEndpoint(address string) error {
	_, err := parseEndpoint(address)
	return err
}

// CheckHeaders refuses headers that Start would refuse.
func CheckHeaders(headers domain.Secret) error {
	_, err := parseHeaders(headers)
	return err
}

func parseEndpoint(text string) (string, error) {
	address, err := url.Parse(text)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Hostname() == "" ||
		address.User != nil || address.RawQuery != "" || address.ForceQuery || address.Fragment != "" {
		return "", errEndpoint
	}
	if address.Path == "" || address.Path == "/" {
		address.Path = "/v1/traces"
	}
	return address.String(), nil
}

func parseHeaders(text domain.Secret) (map[string]string, error) {
	headers := make(map[string]string)
	for item := range strings.SplitSeq(text.Reveal(), ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, encoded, found := strings.Cut(item, "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		name = strings.TrimSpace(name)
		if !found || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, errHeaders
		}
		headers[http.CanonicalHeaderKey(name)] = value
	}
	return headers, nil
}
