package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// modulePath is what is safe in every place where the path is written. The first element has a dot: gofumpt takes others for
// the standard library's.
var modulePath = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(/[A-Za-z0-9][A-Za-z0-9._~-]*)*$`)

// service is what was made.
type service struct {
	dir       string
	files     int
	committed bool
}

// create leaves nothing behind when it fails.
func create(ctx context.Context, root, dir, module string) (made service, err error) {
	if !modulePath.MatchString(module) {
		return made, fmt.Errorf("-module %q is no module path of your own, like example.com/acme/idp", module)
	}
	from, err := currentModule(root)
	if err != nil {
		return made, err
	}
	if module == from || strings.HasPrefix(module, from+"/") {
		return made, fmt.Errorf("-module %s is the one there is, or lies within it", module)
	}
	made.dir = target(root, dir, module)
	if err := os.Mkdir(made.dir, 0o750); err != nil {
		return made, fmt.Errorf("make folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(made.dir))
		}
	}()
	names, err := files(ctx, root)
	if err != nil {
		return made, err
	}
	for _, name := range names {
		if err := copyFile(root, made.dir, name, from, module); err != nil {
			return made, fmt.Errorf("copy %s: %w", name, err)
		}
	}
	made.files = len(names)
	if err := introduce(ctx, root, made.dir, from, module); err != nil {
		return made, err
	}
	made.committed, err = begin(ctx, made.dir)
	return made, err
}

// target is seen from the root, wherever the program was started.
func target(root, dir, module string) string {
	switch {
	case dir == "":
		return filepath.Join(filepath.Dir(root), filepath.Base(module))
	case filepath.IsAbs(dir):
		return filepath.Clean(dir)
	default:
		return filepath.Join(root, dir)
	}
}

var moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)

func currentModule(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read module: %w", err)
	}
	found := moduleLine.FindSubmatch(text)
	if found == nil {
		return "", errors.New("go.mod names no module")
	}
	return string(found[1]), nil
}

// copyFile renames the module in text, and leaves what is no text, and the licences, as they are.
func copyFile(root, dir, name, from, module string) error {
	source := filepath.Join(root, name)
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no plain file (%s)", info.Mode().Type()|fs.ModeType)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if bytes.IndexByte(text, 0) < 0 && filepath.Base(name) != "LICENSE" {
		text = rename(text, from, module)
		if filepath.Ext(name) == ".go" {
			text = ordered(text)
		}
	}
	destination := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(destination), 0o750); err != nil {
		return err
	}
	return os.WriteFile(destination, text, info.Mode().Perm())
}

// rename leaves alone what merely begins or ends like the path: the image ghcr.io/menjin-id/menjin, a module menjin-x.
func rename(text []byte, from, to string) []byte {
	pattern := regexp.MustCompile(regexp.QuoteMeta(from) + `([^A-Za-z0-9_-]|$)`)
	return pattern.ReplaceAll(text, []byte(strings.ReplaceAll(to, "$", "$$")+"${1}"))
}

// ordered sorts imports, whose order a new path may change. A file that is no Go, as in test data, stays.
func ordered(text []byte) []byte {
	sorted, err := format.Source(text)
	if err != nil {
		return text
	}
	return sorted
}
