package wechatpush

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// parseXML reads the element around a message. An element with others in it is an object, any other is its text without the
// space around it. A document type is refused: with it would come entities, and with them a document that is not what it seems.
func parseXML(text []byte) (content, error) {
	decoder := xml.NewDecoder(bytes.NewReader(text)) //nolint:gosec // its size and depth are bounded, and document types refused
	var root any
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errSyntax
		}
		switch token := token.(type) {
		case xml.StartElement:
			if root != nil {
				return nil, errSyntax
			}
			if root, err = readElement(decoder, 1); err != nil {
				return nil, errSyntax
			}
		case xml.Directive:
			return nil, errSyntax
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return nil, errSyntax
			}
		}
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, errSyntax
	}
	return object, nil
}

// readElement reads up to the end of the element that was begun.
func readElement(decoder *xml.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errSyntax
	}
	object, text := newMembers(), strings.Builder{}
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			value, err := readElement(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			object.add(token.Name.Local, value)
		case xml.CharData:
			text.Write(token)
		case xml.Directive:
			return nil, errSyntax
		case xml.EndElement:
			if len(object.values) > 0 {
				return map[string]any(object.values), nil
			}
			return strings.TrimSpace(text.String()), nil
		}
	}
}
