package storm

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/careless"
)

// Report is what came of a run.
type Report struct {
	Set     string
	For     time.Duration
	Seed    uint64
	Unsafe  careless.Mode
	Played  map[string]int
	LeftOut []string
	Drain   time.Duration // from the end of all faults until nothing waited any more
	Drained bool
	Verdict *book.Verdict

	Published  map[string]int // messages by who sent them
	LongestGap time.Duration  // between two messages
	Outage     *Outage        // nil unless that was what was played
}

// Broken reports whether a promise is.
func (r *Report) Broken() bool { return !r.Drained || r.Verdict.Broken() }

// Write prints the report.
func (r *Report) Write(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s, %s of faults, seed %d", r.Set, r.For, r.Seed)
	if r.Unsafe != careless.Careful {
		fmt.Fprintf(&text, ", WITHOUT %s", r.Unsafe)
	}
	text.WriteString("\n\n")
	v := r.Verdict
	for _, line := range []struct {
		what  string
		count int
	}{
		{"committed", v.Committed},
		{"stored", v.Stored},
		{"lost", v.Lost},
		{"stored twice within the duplicate window", v.Twice},
		{"stored again after it", v.Later},
		{"reordered within a user", v.Reordered},
		{"stored but not committed", v.Unwanted},
		{"forgotten by the database", v.Forgotten},
	} {
		fmt.Fprintf(&text, "%-42s %9d\n", line.what, line.count)
	}
	if r.Drained {
		fmt.Fprintf(&text, "%-42s %9.1f s\n", "drained after the last fault within", r.Drain.Seconds())
	} else {
		fmt.Fprintf(&text, "%-42s\n", "NOT DRAINED")
	}
	fmt.Fprintf(&text, "%-42s %9.1f s\n", "longest gap in publication", r.LongestGap.Seconds())
	if r.Outage != nil {
		r.Outage.write(&text)
	}
	fmt.Fprintf(&text, "faults played: %s\n", r.played())
	for _, what := range r.LeftOut {
		fmt.Fprintf(&text, "left out: %s\n", what)
	}
	for _, example := range v.Examples {
		fmt.Fprintf(&text, "  %s\n", example)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func (r *Report) played() string {
	var parts []string
	if len(r.Played) == 0 {
		return "none beside"
	}
	for _, name := range slices.Sorted(maps.Keys(r.Played)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, r.Played[name]))
	}
	return strings.Join(parts, ", ")
}
