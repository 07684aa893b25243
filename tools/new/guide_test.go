package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is what a guide has between two fences, when its info string says what to do with it:
//
//	file=NAME            a new file
//	edit=NAME after=LINE goes in behind that line, of which there must be one
//	run, test            commands, in the root or in dir=NAME
type block struct {
	verb, name, anchor, text string
	line                     int
}

var fence = regexp.MustCompile("^```(\\w*) ?(.*)$")

// readGuide leaves out blocks that say nothing of what to do with them.
func readGuide(text string) (blocks []block, err error) {
	var open *block
	for number, line := range strings.Split(text, "\n") {
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			open = parseInfo(fence.FindStringSubmatch(line)[2])
			open.line = number + 1
		case open != nil && line == "```":
			if open.verb != "" {
				blocks = append(blocks, *open)
			}
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the fence of line %d is never closed", open.line)
	}
	return blocks, nil
}

func parseInfo(info string) *block {
	info, anchor, _ := strings.Cut(info, " after=")
	verb, rest, _ := strings.Cut(info, " ")
	if verb == "run" || verb == "test" {
		return &block{verb: verb, name: strings.TrimPrefix(rest, "dir=")}
	}
	verb, name, _ := strings.Cut(info, "=")
	return &block{verb: verb, name: name, anchor: anchor}
}

// follow does in dir what a guide says, and leaves out its tests unless they are wanted.
func follow(t *testing.T, dir, guide string, tests bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, guide))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := readGuide(string(text))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("%s: %d blocks, %v", guide, len(blocks), err)
	}
	for _, b := range blocks {
		if (b.verb == "test") != tests {
			continue
		}
		if err := b.carryOut(t, dir); err != nil {
			t.Fatalf("%s:%d: %v", guide, b.line, err)
		}
	}
}

func (b block) carryOut(t *testing.T, dir string) error {
	t.Helper()
	file := filepath.Join(dir, b.name)
	switch b.verb {
	case "file":
		return b.write(file)
	case "edit":
		return b.insert(file)
	case "run", "test":
		return commands(t, file, b.text)
	default:
		return fmt.Errorf("%q is nothing that can be done", b.verb)
	}
}

func (b block) write(file string) error {
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s is there already", b.name)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.text), 0o600)
}

func (b block) insert(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var grown strings.Builder
	found := 0
	for line := range strings.SplitAfterSeq(string(text), "\n") {
		grown.WriteString(line)
		if b.anchor != "" && line == b.anchor+"\n" {
			grown.WriteString(b.text)
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("%s has %d lines %q, want one", b.name, found, b.anchor)
	}
	return os.WriteFile(file, []byte(grown.String()), 0o600)
}

// commands runs a shell that stops at the first failure, without the network: what a guide needs is in the repository.
func commands(t *testing.T, dir, script string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", script)
	cmd.Dir = dir
	// The copy is a clone that nothing was installed for yet: its tests may leave out what they lack.
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOWORK=off", "MENJIN_TEST_REQUIRE=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n$ %s\n%s", err, script, out)
	}
	return nil
}

func TestGuideThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for name, guide := range map[string]string{
		"open fence":            "```go file=a.go\npackage a\n",
		"file that is there":    "```go file=there.txt\nx\n```\n",
		"line that is not":      "```go edit=there.txt after=three\nx\n```\n",
		"line that comes twice": "```go edit=there.txt after=two\nx\n```\n",
		"no line":               "```go edit=there.txt\nx\n```\n",
		"unknown verb":          "```go fiel=there.txt\nx\n```\n",
		"command that fails":    "```sh run\nfalse\ntrue\n```\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "there.txt"), []byte("one\ntwo\ntwo\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			blocks, err := readGuide(guide)
			if err == nil {
				err = blocks[0].carryOut(t, dir)
			}
			if err == nil {
				t.Error("got no error")
			}
		})
	}
}
