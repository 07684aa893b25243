package report

import (
	"strings"
	"testing"
	"time"
)

func TestMedianTakesTheMiddleOfEachColumn(t *testing.T) {
	t.Parallel()
	got := Median([]Figure{
		{Rate: 3, P50: 1, CPU: 9 * time.Microsecond}, {Rate: 1, P50: 2, CPU: 7 * time.Microsecond}, {Rate: 2, P50: 9, CPU: 8 * time.Microsecond},
	})
	if got.Rate != 2 || got.P50 != 2 || got.CPU != 8*time.Microsecond {
		t.Errorf("got %+v", got)
	}
	if got := Median([]Figure{{Rate: 1}, {Rate: 4}}); got.Rate != 2.5 {
		t.Errorf("of two, got %v", got.Rate)
	}
}

func TestRatioIsTakenWithinEachRound(t *testing.T) {
	t.Parallel()
	floor := []Figure{{Rate: 100}, {Rate: 50}, {Rate: 200}}
	ours := []Figure{{Rate: 90}, {Rate: 45}, {Rate: 20}}
	if got := MedianRatio(floor, ours, func(f Figure) float64 { return f.Rate }); got != 0.9 {
		t.Errorf("got %v, want 0.9", got)
	}
}

func TestTableLinesUp(t *testing.T) {
	t.Parallel()
	table := NewTable("what", "rate")
	table.Add("ÄÖ", Count(1234567))
	table.Add("x", Pair(-1, 3.21))
	var out strings.Builder
	if err := table.Write(&out); err != nil {
		t.Fatal(err)
	}
	const want = "| what |      rate |\n|------|----------:|\n| ÄÖ   | 1,234,567 |\n| x    |   – / 3.2 |\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
