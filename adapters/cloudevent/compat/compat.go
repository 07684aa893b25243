// Package compat tells whether a JSON Schema of an event may take the place of another within a major version. It thinks as a
// reader does who was written against the old one and sees events of the new: whatever the old schema promised still holds.
//
// New members may come, and so may descriptions, examples and titles; nothing else may change.
package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// A Break is something that readers relied on and that holds no longer.
type Break struct {
	Path string // where in the schema: "properties/reason"
	What string
}

func (b Break) String() string { return fmt.Sprintf("%s: %s", b.Path, b.What) }

// annotations are keywords that promise nothing of the data.
var annotations = map[string]bool{
	"title": true, "description": true, "examples": true, "$comment": true, "x-summary": true, "default": true,
}

// Breaks compares two schemas, as JSON, and returns what the newer one breaks. It fails when one of them is no JSON object.
func Breaks(released, current []byte) ([]Break, error) {
	var before, after map[string]any
	if err := json.Unmarshal(released, &before); err != nil {
		return nil, fmt.Errorf("read released schema: %w", err)
	}
	if err := json.Unmarshal(current, &after); err != nil {
		return nil, fmt.Errorf("read current schema: %w", err)
	}
	return compare("", before, after), nil
}

func compare(path string, before, after map[string]any) (breaks []Break) {
	for _, keyword := range slices.Sorted(maps.Keys(union(before, after))) {
		at := join(path, keyword)
		was, had := before[keyword]
		is, has := after[keyword]
		switch {
		case annotations[keyword]:
		case keyword == "properties":
			breaks = append(breaks, compareMembers(at, asObject(was), asObject(is))...)
		case keyword == "required":
			breaks = append(breaks, compareRequired(at, before, was, is)...)
		case keyword == "type" || keyword == "enum":
			breaks = append(breaks, compareSets(at, was, is)...)
		case had && !has:
			breaks = append(breaks, Break{at, "removed"})
		case !had && has:
			breaks = append(breaks, Break{at, "added"})
		default:
			breaks = append(breaks, compareValues(at, was, is)...)
		}
	}
	return breaks
}

// compareMembers lets members be added, which readers tolerate.
func compareMembers(path string, before, after map[string]any) (breaks []Break) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		at := join(path, name)
		is, has := after[name]
		if !has {
			breaks = append(breaks, Break{at, "the member is removed"})
			continue
		}
		breaks = append(breaks, compareValues(at, before[name], is)...)
	}
	return breaks
}

// compareRequired lets a new member be there always; one that was known may be promised no more and no less than before, as
// events of the earlier releases are read again.
func compareRequired(path string, before map[string]any, was, is any) (breaks []Break) {
	known := asObject(before["properties"])
	old, now := asSet(was), asSet(is)
	for _, name := range slices.Sorted(maps.Keys(union(old, now))) {
		_, promised := old[name]
		_, stays := now[name]
		_, existed := known[name]
		switch {
		case promised && !stays:
			breaks = append(breaks, Break{path, fmt.Sprintf("%s may be missing now", name)})
		case !promised && stays && existed:
			breaks = append(breaks, Break{path, fmt.Sprintf("%s may not be missing any more, and events without it are kept", name)})
		}
	}
	return breaks
}

// compareSets compares what does not depend on order.
func compareSets(path string, was, is any) []Break {
	if maps.Equal(asSet(was), asSet(is)) {
		return nil
	}
	return []Break{{path, fmt.Sprintf("changed from %s to %s", text(was), text(is))}}
}

func compareValues(path string, was, is any) []Break {
	before, wasObject := was.(map[string]any)
	after, isObject := is.(map[string]any)
	switch {
	case wasObject && isObject:
		return compare(path, before, after)
	case reflect.DeepEqual(was, is):
		return nil
	default:
		return []Break{{path, fmt.Sprintf("changed from %s to %s", text(was), text(is))}}
	}
}

func asObject(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// asSet is a list, or a single value in the place of one, without its order.
func asSet(value any) map[string]any {
	set := make(map[string]any)
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	for _, item := range list {
		name, isText := item.(string)
		if !isText {
			name = text(item)
		}
		set[name] = nil
	}
	return set
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = make(map[string]any)
	}
	maps.Copy(all, b)
	return all
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

func text(value any) string {
	if value == nil {
		return "nothing"
	}
	written, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(written)
}
