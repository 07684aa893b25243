package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth    = 16
	maxNumber   = 64  // characters; no number of the API comes near
	maxExponent = 308 // beyond a float64 the digits of a number cost more than its text
)

// decodeJSON reads one JSON value and nothing else. It refuses what parsers disagree about (a member given twice, invalid
// UTF-8) and what costs more than it can be worth (deep nesting, giant numbers). Failures are errMalformedJSON.
func decodeJSON(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, errMalformedJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	value, err := decodeValue(decoder, maxDepth)
	if err != nil {
		return nil, errMalformedJSON
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errMalformedJSON
	}
	return value, nil
}

func decodeValue(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if depth == 0 {
			return nil, errMalformedJSON
		}
		if token == '{' {
			return decodeObject(decoder, depth-1)
		}
		return decodeArray(decoder, depth-1)
	case json.Number:
		if !modest(token.String()) {
			return nil, errMalformedJSON
		}
		return token, nil
	default:
		return token, nil
	}
}

func decodeObject(decoder *json.Decoder, depth int) (any, error) {
	object := make(map[string]any)
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if _, twice := object[name]; twice {
			return nil, errMalformedJSON
		}
		if object[name], err = decodeValue(decoder, depth); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token() // the closing brace
	return object, err
}

func decodeArray(decoder *json.Decoder, depth int) (any, error) {
	array := []any{}
	for decoder.More() {
		value, err := decodeValue(decoder, depth)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := decoder.Token()
	return array, err
}

func modest(number string) bool {
	if len(number) > maxNumber {
		return false
	}
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return true
	}
	exponent, err := strconv.Atoi(number[at+1:])
	return err == nil && -maxExponent <= exponent && exponent <= maxExponent
}
