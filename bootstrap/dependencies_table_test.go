package bootstrap_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// promise is what a route answers while a dependency is at fault, and how soon.
type promise struct {
	answer string
	within time.Duration
}

// dependencyTable reads the guide's table of a dependency: promises by fault and route. What the guide says is what is tested.
func dependencyTable(t *testing.T, dependency string) map[string]map[string]promise {
	t.Helper()
	text, err := os.ReadFile("../docs/guides/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## "+dependency+"\n")
	if !found {
		t.Fatalf("the guide has no section %q", dependency)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var faults []string
	table := map[string]map[string]promise{}
	for line := range strings.Lines(section) {
		cells := cellsOf(line)
		switch {
		case len(cells) != 1+len(allFaults) || strings.HasPrefix(cells[0], "--"):
		case faults == nil:
			faults = cells[1:]
			for _, fault := range faults {
				table[fault] = map[string]promise{}
			}
		default:
			for i, cell := range cells[1:] {
				table[faults[i]][strings.Trim(cells[0], "`")] = readPromise(t, cell)
			}
		}
	}
	if !slices.Equal(faults, allFaults) {
		t.Fatalf("the guide's columns for %s: got %v, want %v", dependency, faults, allFaults)
	}
	return table
}

func cellsOf(line string) (cells []string) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

func readPromise(t *testing.T, cell string) promise {
	t.Helper()
	answer, bound, found := strings.Cut(cell, ", ")
	within, err := time.ParseDuration(strings.ReplaceAll(bound, " ", ""))
	if !found || err != nil {
		t.Fatalf("the guide says %q, want an answer, a comma and a time", cell)
	}
	return promise{answer, within}
}
