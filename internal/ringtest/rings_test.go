package ringtest

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the folder of the module.
const root = "../.."

// pkg is what this test asks of `go list`.
type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func TestEveryImportPointsInward(t *testing.T) {
	t.Parallel()
	packages := list(t)
	standard := make(map[string]bool)
	for _, p := range packages {
		standard[p.ImportPath] = p.Standard
	}
	ruled := 0
	for _, p := range packages {
		if pkg, inside := relative(p.ImportPath); inside && folder(pkg) == "domain" {
			ruled++
		}
		for _, imported := range p.Imports {
			if why := fault(p.ImportPath, imported, standard[imported]); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
	}
	if ruled == 0 {
		t.Error("go list showed no package of domain: the test looked at nothing")
	}
}

// list returns every package of the module and all that they depend on.
func list(t *testing.T) []pkg {
	t.Helper()
	dependOnTree(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		packages = append(packages, p)
	}
}

// dependOnTree looks into every folder of Go files, because the test cache sees what a test reads and not what
// `go list` reads for it: without this, a cached pass would hide a new import.
func dependOnTree(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".."
		if entry.IsDir() && (hidden || entry.Name() == "node_modules" || entry.Name() == "data") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to string }{
		{"domain", "github.com/google/uuid"},
		{"domain", module + "/ports"},
		{"domain", module + "/internal/clock"},
		{"ports", module + "/application/signin"},
		{"ports", "github.com/redis/go-redis/v9"},
		{"application/signin", module + "/adapters/sqlstore"},
		{"application/signin", module + "/bootstrap"},
		{"application/signin", "github.com/uptrace/bun"},
		{"adapters/sqlstore", module + "/adapters/redisstore"},
		{"adapters/sqlstore/migration", module + "/adapters/redisstore"},
		{"adapters/sqlstore", module + "/application/signin"},
		{"adapters/sqlstore", module + "/bootstrap"},
		{"adapters/sqlstore", module + "/internal/testserver/pgtest"},
		{"adapters/wechat", "github.com/labstack/echo/v4"},
		{"bootstrap", "github.com/labstack/echo/v4"},
		{"bootstrap", module + "/ports/portstest"},
		{"bootstrap", module + "/internal/testserver"},
		{"bootstrap", module},
		{"", module + "/adapters/httpapi"},
	} {
		if fault(join(c.from), c.to, false) == "" {
			t.Errorf("%q imports %s: got no fault, want one", c.from, c.to)
		}
	}
}

func TestInwardImportsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		std      bool
	}{
		{from: "domain", to: "strings", std: true},
		{from: "ports", to: module + "/domain"},
		{from: "ports/portstest", to: "pgregory.net/rapid"},
		{from: "application/signin", to: module + "/ports"},
		{from: "application/signin", to: module + "/application/session"},
		{from: "application/signin", to: "golang.org/x/sync/errgroup"},
		{from: "adapters/httpapi", to: "github.com/labstack/echo/v4"},
		{from: "adapters/httpapi", to: module + "/application/signin"},
		{from: "adapters/wechatsandbox/control", to: module + "/adapters/wechatsandbox"},
		{from: "adapters/wechatsandbox/sandboxtest", to: module + "/adapters/wechat"},
		{from: "bootstrap", to: module + "/adapters/sqlstore"},
		{from: "bench", to: "github.com/labstack/echo/v4"},
		{from: "", to: module + "/bootstrap"},
	} {
		if why := fault(join(c.from), c.to, c.std); why != "" {
			t.Errorf("%q imports %s: got fault %q, want none", c.from, c.to, why)
		}
	}
}

func join(pkg string) string {
	if pkg == "" {
		return module
	}
	return module + "/" + pkg
}
