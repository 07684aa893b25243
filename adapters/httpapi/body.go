package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/oapi-codegen/runtime"
)

const maxBody = 64 << 10

// binder reads request bodies for the generated handlers: bounded, well-formed, and as the contract wants them. Members the
// contract does not know are left out, and names match exactly, so that nothing unchecked reaches a handler.
type binder struct{}

func (binder) Bind(target any, c echo.Context) error {
	x := exchangeOf(c.Request().Context())
	body, err := x.readBody()
	if err != nil {
		return err
	}
	value, err := decodeJSON(body)
	if err != nil {
		return err
	}
	if err := x.operation.check(value); err != nil {
		return err
	}
	if err := runtime.BindJSONValue(value, target); err != nil {
		return &invalidBody{faults: []fault{{rule: "type", text: text{"数值超出范围", "holds a number that is out of range"}}}}
	}
	return nil
}

func (x *exchange) readBody() ([]byte, error) {
	r := x.request
	if r.ContentLength == 0 {
		return nil, errMalformedJSON
	}
	if !isJSON(r.Header["Content-Type"]) || r.Header.Get("Content-Encoding") != "" {
		return nil, errUnsupportedMediaType
	}
	if r.ContentLength > maxBody {
		x.writer.Header().Set("Connection", "close") // rather than read on
		return nil, errBodyTooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.writer.ResponseWriter, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errBodyTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read body: %w", errMalformedJSON, err)
	}
	return body, nil
}

func isJSON(contentTypes []string) bool {
	if len(contentTypes) != 1 {
		return false
	}
	if contentTypes[0] == "application/json" {
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(contentTypes[0])
	charset, given := parameters["charset"]
	return err == nil && mediaType == "application/json" && (!given || strings.EqualFold(charset, "utf-8"))
}
