package load

import (
	"testing"
	"time"
)

func TestQuantilesAreWithinTheirPrecision(t *testing.T) {
	t.Parallel()
	var whole, half Histogram
	const n = 100_000
	for i := 1; i <= n; i++ {
		into := &whole
		if i%2 == 0 {
			into = &half
		}
		into.Record(time.Duration(i) * time.Microsecond)
	}
	whole.Merge(&half)
	if whole.Count() != n {
		t.Errorf("got %d durations, want %d", whole.Count(), n)
	}
	for _, part := range []float64{0.01, 0.5, 0.99} {
		want := time.Duration(part*n) * time.Microsecond
		if got := whole.Quantile(part); got < want || got > want+want>>subBits+time.Microsecond {
			t.Errorf("quantile %v: got %s, want %s", part, got, want)
		}
	}
	if got := whole.Quantile(1); got != n*time.Microsecond {
		t.Errorf("longest: got %s, want %s", got, n*time.Microsecond)
	}
}

func TestEveryDurationHasABucketThatHoldsIt(t *testing.T) {
	t.Parallel()
	for _, value := range []uint64{0, 1, 63, 64, 127, 128, 129, 255, 256, 1 << 20, 1<<62 + 12345, 1<<63 - 1} {
		got := bucket(value)
		if upper(got) < value || got > 0 && upper(got-1) >= value {
			t.Errorf("%d fell into bucket %d, which ends at %d", value, got, upper(got))
		}
	}
	var h Histogram
	h.Record(-time.Second)
	h.Record(1<<63 - 1)
	if h.Quantile(0) != 0 || h.Quantile(1) != 1<<63-1 {
		t.Errorf("got %s to %s", h.Quantile(0), h.Quantile(1))
	}
}

func TestEmptyHistogramHasNoQuantile(t *testing.T) {
	t.Parallel()
	if got := new(Histogram).Quantile(0.99); got != 0 {
		t.Errorf("got %s", got)
	}
}
