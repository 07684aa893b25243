// Package markup fills pages that are written as HTML, without text/template: that calls methods by names it learns at run time,
// so that a linker which sees it reachable keeps every exported method of every type (docs/decisions/0017-no-templates.md).
package markup

import (
	"bytes"
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
)

// Fill returns page with the part of that name in place of each {{name}}. Parts escape their own text, so nothing of a request gets
// on a page as markup; what a part turns into is not filled again. A mark may stand where text may, or between the quotes of an
// attribute that holds neither an address nor code. A page that names no such part is an error.
func Fill(page string, parts map[string]g.Node) ([]byte, error) {
	var out bytes.Buffer
	for {
		before, rest, found := strings.Cut(page, "{{")
		out.WriteString(before)
		if !found {
			return out.Bytes(), nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		part, known := parts[name]
		if !closed || !known {
			return nil, fmt.Errorf("page asks for a part %q, which there is not", name)
		}
		if err := part.Render(&out); err != nil {
			return nil, fmt.Errorf("write part %q: %w", name, err)
		}
		page = after
	}
}
