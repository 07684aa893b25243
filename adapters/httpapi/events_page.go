package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	g "maragu.dev/gomponents"

	"github.com/menjin-id/menjin/internal/markup"
)

// shownEvent is one type as the page shows it.
type shownEvent struct {
	eventSchema
	Subject  string // where it is published
	Members  []shownMember
	Examples []string
}

type shownMember struct {
	Name, Type, Description string
	Required                bool
}

// asyncPart is what the page takes from the AsyncAPI document.
type asyncPart struct {
	Channels map[string]struct {
		Address  string         `json:"address"`
		Messages map[string]any `json:"messages"`
	} `json:"channels"`
	Components struct {
		Schemas struct {
			Headers struct {
				Required   []string        `json:"required"`
				Properties json.RawMessage `json:"properties"`
			} `json:"headers"`
		} `json:"schemas"`
	} `json:"components"`
}

// eventPage renders the catalogue once: it needs no script, and nothing from elsewhere.
func eventPage(asyncAPI []byte, schemas []eventSchema, css *file) (*file, error) {
	var async asyncPart
	if asyncAPI != nil {
		if err := json.Unmarshal(asyncAPI, &async); err != nil {
			return nil, fmt.Errorf("read AsyncAPI document: %w", err)
		}
	}
	headers, err := membersOf(async.Components.Schemas.Headers.Properties, async.Components.Schemas.Headers.Required)
	if err != nil {
		return nil, fmt.Errorf("read headers of events: %w", err)
	}
	shown := make([]shownEvent, 0, len(schemas))
	for _, schema := range schemas {
		one, err := showEvent(schema, async.subjectOf(schema.Title))
		if err != nil {
			return nil, fmt.Errorf("show %s: %w", schema.Title, err)
		}
		shown = append(shown, one)
	}
	page, err := markup.Fill(string(embedded("events.html")), map[string]g.Node{
		"style": g.Text(css.tag), "types": listTypes(shown), "events": listEvents(shown), "headers": tableOf(headers),
	})
	if err != nil {
		return nil, fmt.Errorf("write page of events: %w", err)
	}
	return newFile("events.html", "text/html; charset=utf-8", page), nil
}

// subjectOf leaves out where events are sent again.
func (p *asyncPart) subjectOf(title string) string {
	for name, channel := range p.Channels {
		if _, found := channel.Messages[title]; found && !strings.HasPrefix(name, "menjin.replay.") {
			return channel.Address
		}
	}
	return ""
}

func showEvent(schema eventSchema, subject string) (shownEvent, error) {
	members, err := membersOf(schema.Properties, schema.Required)
	shown := shownEvent{eventSchema: schema, Subject: subject, Members: members}
	for _, example := range schema.Examples {
		var indented bytes.Buffer
		if err := json.Indent(&indented, example, "", "  "); err != nil {
			return shown, err
		}
		shown.Examples = append(shown.Examples, indented.String())
	}
	return shown, err
}

// membersOf reads the properties of a schema in the order in which they are written down.
func membersOf(properties json.RawMessage, required []string) ([]shownMember, error) {
	if properties == nil {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(properties))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var members []shownMember
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var property struct {
			Type        any    `json:"type"` // one, or several
			Format      string `json:"format"`
			Description string `json:"description"`
		}
		if err := decoder.Decode(&property); err != nil {
			return nil, err
		}
		kind := strings.NewReplacer("[", "", "]", "", " ", " | ").Replace(fmt.Sprint(property.Type))
		if property.Format != "" {
			kind += " (" + property.Format + ")"
		}
		text := fmt.Sprint(name)
		members = append(members, shownMember{text, kind, property.Description, slices.Contains(required, text)})
	}
	return members, nil
}
