package load

import (
	"math/bits"
	"time"
)

// subBits sets the precision: a value is known to one part in 2^subBits.
const subBits = 6

// Histogram counts durations in buckets that grow with them, so that it takes any number of them in little room. The zero
// value is empty. It is not for concurrent use.
type Histogram struct {
	counts [(64 - subBits + 1) << subBits]uint64
	total  uint64
	max    time.Duration
}

// Record counts one duration; a negative one counts as none.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.total++
	h.max = max(h.max, d)
}

// Merge adds what another counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, count := range other.counts {
		h.counts[i] += count
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Quantile returns the duration that the given part of all, say 0.99, did not exceed; 0 when there are none.
func (h *Histogram) Quantile(part float64) time.Duration {
	rank := uint64(part * float64(h.total))
	var seen uint64
	for i, count := range h.counts {
		seen += count
		if seen > rank {
			return min(time.Duration(upper(i)), h.max)
		}
	}
	return h.max
}

// bucket numbers the values below 2^(subBits+1) one by one, and from there each octave in 2^subBits steps.
func bucket(value uint64) int {
	octave := max(bits.Len64(value)-subBits-1, 0)
	return octave<<subBits + int(value>>octave)
}

// upper is the largest value of a bucket.
func upper(bucket int) uint64 {
	octave := max(bucket>>subBits-1, 0)
	return uint64(bucket-octave<<subBits+1)<<octave - 1
}
