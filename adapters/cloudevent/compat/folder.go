package compat

import (
	"errors"
	"fmt"
	"io/fs"
)

// Folder compares every released schema with the one of the same name. A file that is gone is a break, and a new one is none.
func Folder(released, current fs.FS) (map[string][]Break, error) {
	names, err := fs.Glob(released, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list released schemas: %w", err)
	}
	found := make(map[string][]Break)
	for _, name := range names {
		before, err := fs.ReadFile(released, name)
		if err != nil {
			return nil, fmt.Errorf("read released schema: %w", err)
		}
		after, err := fs.ReadFile(current, name)
		if errors.Is(err, fs.ErrNotExist) {
			found[name] = []Break{{name, "the type is removed"}}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read current schema: %w", err)
		}
		breaks, err := Breaks(before, after)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", name, err)
		}
		if len(breaks) > 0 {
			found[name] = breaks
		}
	}
	return found, nil
}
