package wechatpush

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// parseJSON reads an object, and forgives the comma after its last member that a sample of WeChat's has.
func parseJSON(text []byte) (content, error) {
	decoder := json.NewDecoder(bytes.NewReader(withoutLastCommas(text)))
	decoder.UseNumber()
	value, err := readJSON(decoder, 0)
	if err != nil {
		return nil, errSyntax
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errSyntax
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errSyntax
	}
	return object, nil
}

func readJSON(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	delim, opens := token.(json.Delim)
	switch {
	case !opens:
		return token, nil
	case depth == maxDepth:
		return nil, errSyntax
	case delim == '{':
		return readObject(decoder, depth+1)
	default:
		return readArray(decoder, depth+1)
	}
}

func readObject(decoder *json.Decoder, depth int) (any, error) {
	object := newMembers()
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := readJSON(decoder, depth)
		if err != nil {
			return nil, err
		}
		object.add(name.(string), value) // the decoder takes nothing else there
	}
	_, err := decoder.Token()
	return map[string]any(object.values), err
}

func readArray(decoder *json.Decoder, depth int) (any, error) {
	array := []any{}
	for decoder.More() {
		value, err := readJSON(decoder, depth)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	_, err := decoder.Token()
	return array, err
}

// withoutLastCommas drops commas outside of texts that nothing but a closing bracket follows.
func withoutLastCommas(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	inText := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\' && i+1 < len(text):
			kept = append(kept, c)
			i++
		case c == '"':
			inText = !inText
		case c == ',' && !inText && closes(text[i+1:]):
			continue
		}
		kept = append(kept, text[i])
	}
	return kept
}

func closes(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '}' || text[0] == ']')
}
