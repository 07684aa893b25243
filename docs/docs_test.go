// Package docs_test sees that what the papers name is there: files, links and tests.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link      = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	fileName  = regexp.MustCompile("`((?:adapters|application|bootstrap|chaos|clients|deployments|docs|domain|internal|ports|tools)/[a-zA-Z0-9_./-]*)`")
	testName  = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)`")
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)\(`)
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")
)

// papers are the documents, by their path from the root.
func papers(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../*.md", "*/*.md", "../deployments/*.md", "../deployments/*/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = codeBlock.ReplaceAllString(string(text), "") // what is in a guide's code is made by it
		}
	}
	if len(texts) < 15 {
		t.Fatalf("found %d papers", len(texts))
	}
	return texts
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for name, text := range papers(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(found[1], ":") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), found[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, found[1], err)
			}
		}
	}
}

func TestSecurityPapersNameWhatIsThere(t *testing.T) {
	t.Parallel()
	tests := testsOfTheRepository(t)
	for name, text := range papers(t) {
		if !strings.HasPrefix(name, "security/") && name != "../SECURITY.md" {
			continue
		}
		for _, found := range testName.FindAllStringSubmatch(text, -1) {
			if !tests[found[1]] {
				t.Errorf("%s names %s, which is no test", name, found[1])
			}
		}
		for _, found := range fileName.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", found[1])); err != nil {
				t.Errorf("%s names %s: %v", name, found[1], err)
			}
		}
	}
}

func testsOfTheRepository(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, found := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[found[1]] = true
		}
		return err
	})
	if err != nil || len(tests) < 500 {
		t.Fatalf("found %d tests: %v", len(tests), err)
	}
	return tests
}
