package compat_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/menjin-id/menjin/adapters/cloudevent/compat"
)

const released = `{
  "$id": "urn:menjin:schema:menjin.user.sample.v1.json",
  "title": "menjin.user.sample.v1",
  "description": "A sample.",
  "type": "object",
  "required": ["user_id", "kind"],
  "properties": {
    "user_id": {"type": "string", "format": "uuid", "description": "The user."},
    "kind": {"type": "string", "enum": ["a", "b"]},
    "state": {"const": "on"},
    "app_id": {"type": ["string", "null"], "minLength": 1},
    "names": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[a-z]+$"}},
    "nested": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 1}}}
  }
}`

func TestWhatReadersDoNotNoticeIsAllowed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"nothing":             {"", ""},
		"description":         {"A sample.", "Another text."},
		"description gone":    {`, "description": "The user."`, ""},
		"title":               {`"menjin.user.sample.v1"`, `"sample"`},
		"examples":            {`"type": "object",`, `"examples": [{}], "type": "object",`},
		"summary":             {`"type": "object",`, `"x-summary": "x", "type": "object",`},
		"new optional member": {`"state":`, `"extra": {"type": "string"}, "state":`},
		"new required member": {`"kind"],`, `"kind", "extra"],`},
		"order of types":      {`["string", "null"]`, `["null", "string"]`},
		"order of an enum":    {`["a", "b"]`, `["b", "a"]`},
		"order of required":   {`["user_id", "kind"]`, `["kind", "user_id"]`},
		"new nested member":   {`"properties": {"id":`, `"properties": {"extra": {}, "id":`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if breaks := compared(t, change); len(breaks) > 0 {
				t.Errorf("got %v, want none", breaks)
			}
		})
	}
}

func TestWhatReadersReliedOnIsKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change [2]string
		at     string
	}{
		"member removed":                   {[2]string{`"state": {"const": "on"},`, ""}, "properties/state"},
		"nested member removed":            {[2]string{`{"id": {"type": "integer", "minimum": 1}}`, `{}`}, "properties/nested/properties/id"},
		"member may be missing":            {[2]string{`["user_id", "kind"]`, `["user_id"]`}, "required"},
		"nothing required any more":        {[2]string{`"required": ["user_id", "kind"],`, ""}, "required"},
		"known member required":            {[2]string{`["user_id", "kind"]`, `["user_id", "kind", "state"]`}, "required"},
		"nested member may be missing":     {[2]string{`"required": ["id"], `, ""}, "properties/nested/required"},
		"type widened":                     {[2]string{`{"type": "string", "enum"`, `{"type": ["string", "null"], "enum"`}, "properties/kind/type"},
		"type narrowed":                    {[2]string{`["string", "null"]`, `"string"`}, "properties/app_id/type"},
		"type changed":                     {[2]string{`"type": "array"`, `"type": "object"`}, "properties/names/type"},
		"type gone":                        {[2]string{`"type": "integer", `, ""}, "properties/nested/properties/id/type"},
		"value added to an enum":           {[2]string{`["a", "b"]`, `["a", "b", "c"]`}, "properties/kind/enum"},
		"value removed from an enum":       {[2]string{`["a", "b"]`, `["a"]`}, "properties/kind/enum"},
		"enum gone":                        {[2]string{`, "enum": ["a", "b"]`, ""}, "properties/kind/enum"},
		"enum where there was none":        {[2]string{`"format": "uuid"`, `"format": "uuid", "enum": ["x"]`}, "properties/user_id/enum"},
		"const changed":                    {[2]string{`"on"`, `"off"`}, "properties/state/const"},
		"const gone":                       {[2]string{`{"const": "on"}`, `{}`}, "properties/state/const"},
		"format changed":                   {[2]string{`"uuid"`, `"uri"`}, "properties/user_id/format"},
		"format gone":                      {[2]string{`, "format": "uuid"`, ""}, "properties/user_id/format"},
		"format where there was none":      {[2]string{`"minLength": 1`, `"minLength": 1, "format": "uri"`}, "properties/app_id/format"},
		"pattern changed":                  {[2]string{`^[a-z]+$`, `^[a-z0-9]+$`}, "properties/names/items/pattern"},
		"minimum changed":                  {[2]string{`"minimum": 1`, `"minimum": 0`}, "properties/nested/properties/id/minimum"},
		"minimum length gone":              {[2]string{`, "minLength": 1`, ""}, "properties/app_id/minLength"},
		"may be empty now":                 {[2]string{`"minItems": 1, `, ""}, "properties/names/minItems"},
		"closed":                           {[2]string{`"type": "object",`, `"type": "object", "additionalProperties": false,`}, "additionalProperties"},
		"items of another type":            {[2]string{`"items": {"type": "string"`, `"items": {"type": "integer"`}, "properties/names/items/type"},
		"schema instead of an object":      {[2]string{`{"const": "on"}`, `true`}, "properties/state"},
		"combination that was not there":   {[2]string{`"type": "object",`, `"type": "object", "anyOf": [{}],`}, "anyOf"},
		"name by which readers resolve it": {[2]string{`menjin.user.sample.v1.json"`, `sample.json"`}, "$id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			breaks := compared(t, test.change)
			elsewhere := slices.ContainsFunc(breaks, func(found compat.Break) bool { return found.Path != test.at })
			if len(breaks) == 0 || elsewhere {
				t.Errorf("got %v, want a break at %s alone", breaks, test.at)
			}
		})
	}
}

func compared(t *testing.T, change [2]string) []compat.Break {
	t.Helper()
	current := strings.Replace(released, change[0], change[1], 1)
	if current == released && change[0] != change[1] {
		t.Fatalf("%q is not in the sample", change[0])
	}
	breaks, err := compat.Breaks([]byte(released), []byte(current))
	if err != nil {
		t.Fatal(err)
	}
	return breaks
}

func TestFoldersAreComparedFileByFile(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	before := fstest.MapFS{"same.json": file(released), "gone.json": file(released), "other.json": file(released)}
	after := fstest.MapFS{
		"same.json": file(released), "new.json": file(released), "other.json": file(strings.ReplaceAll(released, "uuid", "uri")),
	}
	found, err := compat.Folder(before, after)
	if err != nil || len(found) != 2 || len(found["gone.json"]) != 1 || len(found["other.json"]) != 1 {
		t.Errorf("got %v (%v), want a break in gone.json and other.json", found, err)
	}
	for name, broken := range map[string][2]fstest.MapFS{
		"released": {{"same.json": file(`[]`)}, after}, "current": {before, {"same.json": file(`{`)}},
	} {
		if _, err := compat.Folder(broken[0], broken[1]); err == nil {
			t.Errorf("%s schema that is none: got no error", name)
		}
	}
}
