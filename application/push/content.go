package push

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	maxContent = 32 << 10
	// tooLarge stands for a message that is longer than an event may be.
	tooLarge = `{"truncated":true}`
)

// anonymous writes a message as JSON without what identifies people: members that are called like it, values that look like it,
// and, wherever they stand, the ids that the message gives under such names.
func anonymous(m Message) string {
	ids := collect(m.Content, nil)
	for _, id := range []string{m.OpenID.Reveal(), m.From.Reveal()} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	content, err := json.Marshal(scrubber{ids}.object(m.Content))
	if err != nil || len(content) > maxContent {
		return tooLarge
	}
	return string(content)
}

// identifying are parts of the names, in small letters and digits, of what identifies a person or opens something.
var identifying = []string{
	"openid", "unionid", "openpid", "username", "nickname", "phone", "mobile", "mail", "avatar", "headimg", "realname", "idcard",
	"token", "secret", "sessionkey", "encrypt",
}

func identifies(name string) bool {
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	return plain == "tel" || slices.ContainsFunc(identifying, func(part string) bool { return strings.Contains(plain, part) })
}

// collect returns the texts that stand under names of what identifies people.
func collect(value any, ids []string) []string {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if text, ok := member.(string); ok && text != "" && identifies(name) {
				ids = append(ids, text)
			}
			ids = collect(member, ids)
		}
	case []any:
		for _, item := range value {
			ids = collect(item, ids)
		}
	}
	return ids
}

// personal finds e-mail addresses, and JSON in a text that names an id.
var personal = regexp.MustCompile(`[^\s@]@[^\s@]+\.[^\s@]|(?i:open_?p?id|union_?id)`)

// scrubber leaves out what identifies people, by these ids among others.
type scrubber struct{ ids []string }

// shortID is the length below which an id is looked for as a whole alone: parts of other texts look like it.
const shortID = 8

func (s scrubber) tells(text string) bool {
	named := func(id string) bool { return text == id || len(id) >= shortID && strings.Contains(text, id) }
	return slices.ContainsFunc(s.ids, named) || personal.MatchString(folded(text)) || holdsPhone(text)
}

func (s scrubber) object(members map[string]any) map[string]any {
	kept := make(map[string]any, len(members))
	for name, member := range members {
		if identifies(name) || s.tells(name) {
			continue
		}
		if value, ok := s.value(member); ok {
			kept[name] = value
		}
	}
	return kept
}

// value returns what is left of a value, and whether anything is.
func (s scrubber) value(value any) (any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return s.object(value), true
	case []any:
		kept := []any{}
		for _, item := range value {
			if item, ok := s.value(item); ok {
				kept = append(kept, item)
			}
		}
		return kept, true
	case string:
		return value, !s.tells(value)
	case json.Number:
		return value, !s.tells(value.String())
	default:
		return value, true
	}
}
