package report

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is a Markdown table whose columns line up in a terminal too. The first column is text, the others are figures.
type Table struct{ rows [][]string }

// NewTable begins with the names of the columns.
func NewTable(columns ...string) *Table { return &Table{rows: [][]string{columns}} }

// Add appends a row.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Empty reports that there are no rows under the names.
func (t *Table) Empty() bool { return len(t.rows) == 1 }

// Write prints the table.
func (t *Table) Write(out io.Writer) error {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for i, row := range t.rows {
		writeRow(&text, row, widths)
		if i == 0 {
			writeRule(&text, widths)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

func writeRow(text *strings.Builder, row []string, widths []int) {
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			text.WriteString("| " + cell + pad + " |")
		} else {
			text.WriteString(" " + pad + cell + " |")
		}
	}
	text.WriteString("\n")
}

func writeRule(text *strings.Builder, widths []int) {
	for i, width := range widths {
		if i == 0 {
			text.WriteString("|" + strings.Repeat("-", width+2) + "|")
		} else {
			text.WriteString(strings.Repeat("-", width+1) + ":|")
		}
	}
	text.WriteString("\n")
}

// Count writes a number with separators, as rates need them.
func Count(number float64) string {
	digits := fmt.Sprintf("%.0f", number)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Millisecond writes one duration.
func Millisecond(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1e3) }

// Milliseconds writes two quantiles of a latency.
func Milliseconds(p50, p99 time.Duration) string {
	return fmt.Sprintf("%.2f / %.2f", p50.Seconds()*1e3, p99.Seconds()*1e3)
}

// Pair writes the floor's figure and ours, a dash for what is unknown.
func Pair(floor, ours float64) string { return known(floor) + " / " + known(ours) }

// Microseconds is a duration as Pair takes it.
func Microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func known(figure float64) string {
	switch {
	case figure < 0:
		return "–"
	case figure < 10:
		return fmt.Sprintf("%.1f", figure)
	default:
		return fmt.Sprintf("%.0f", figure)
	}
}
