package course

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/chaos/ha/crowd"
)

// Report is what came of a trial.
type Report struct {
	Redis string
	Old   string // the release before, where it was an upgrade
	Rows  []Row

	Registered, Missing int // users whose registration was answered; of these, those that the database does not know
	Ended, Alive        int // sessions that were signed out of; of these, those that are answered in the end
	LetIn               []crowd.LetIn
	Bound               time.Duration // for how long after its end a session may come back
	Events              *book.Verdict
}

// Row is what came of harming one part.
type Row struct {
	Part  string
	Began time.Time
	Took  time.Duration
	crowd.Span
}

func (r *Report) add(part string, began, ended time.Time, c *crowd.Crowd) {
	r.Rows = append(r.Rows, Row{part, began, ended.Sub(began), c.Span(began, ended)})
}

// Broken reports whether a promise is: a registration or an event is lost, or somebody is in who signed out.
func (r *Report) Broken() bool {
	return r.Missing > 0 || r.Alive > 0 || r.Events.Broken() || r.Registered == 0 || r.Ended == 0 || r.late()
}

// late reports whether an ended session was answered longer after its end than a fail-over and the last repetition take.
func (r *Report) late() bool {
	return slices.ContainsFunc(r.LetIn, func(in crowd.LetIn) bool { return in.At.Sub(in.Ended) > r.Bound })
}

// Write prints the report, the table as Markdown.
func (r *Report) Write(out io.Writer) error {
	var text strings.Builder
	what := "Redis by " + r.Redis
	if r.Old != "" {
		what = "Upgrade from " + r.Old + ", Redis by " + r.Redis
	}
	fmt.Fprintf(&text, "\n%s\n\n| part | requests | failed | signed out | longest outage: checks | sign-ins | one person |\n|---|--:|--:|--:|--:|--:|--:|\n", what)
	for _, row := range r.Rows {
		fmt.Fprintf(&text, "| %s | %d | %d (%.1f %%) | %d | %.1f s | %.1f s | %.1f s |\n", row.Part, row.Requests, row.Failed,
			100*float64(row.Failed)/float64(max(row.Requests, 1)), row.SignedOut,
			row.Longest[crowd.Check].Seconds(), row.Longest[crowd.SignIn].Seconds(), row.OnePerson.Seconds())
	}
	text.WriteString("\n")
	for _, row := range r.Rows {
		for _, reason := range slices.Sorted(maps.Keys(row.Reasons)) {
			fmt.Fprintf(&text, "%s: %d times %s\n", row.Part, row.Reasons[reason], reason)
		}
	}
	v := r.Events
	fmt.Fprintf(&text, "\nregistrations answered %d, missing %d\nsessions signed out of %d, answered in the end %d, answered on the way %s\n"+
		"events committed %d, lost %d, stored twice %d, reordered %d, unwanted %d\n",
		r.Registered, r.Missing, r.Ended, r.Alive, r.onTheWay(), v.Committed, v.Lost, v.Twice, v.Reordered, v.Unwanted)
	for _, example := range v.Examples {
		fmt.Fprintf(&text, "  %s\n", example)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// onTheWay says how often, and how long after its end, a session was answered.
func (r *Report) onTheWay() string {
	if len(r.LetIn) == 0 {
		return "never"
	}
	var longest time.Duration
	for _, in := range r.LetIn {
		longest = max(longest, in.At.Sub(in.Ended))
	}
	first, last := r.LetIn[0].At, r.LetIn[len(r.LetIn)-1].At
	return fmt.Sprintf("%d times within %s, up to %s after their end", len(r.LetIn), last.Sub(first).Round(time.Millisecond), longest.Round(time.Millisecond))
}
