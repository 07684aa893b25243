package subscriber

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFilterCoversAnother(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		outer, inner string
		want         bool
	}{
		{"a.>", "a.b", true},
		{"a.>", "a.b.*", true},
		{"a.>", "a", false},
		{"a.*", "a.b", true},
		{"a.*", "a.*", true},
		{"a.*", "a.>", false},
		{"a.b", "a.*", false},
		{"a.*", "a.b.c", false},
		{"a.b", "a.b", true},
		{"a.b.c", "a.b", false},
	} {
		if got := covers(test.outer, test.inner); got != test.want {
			t.Errorf("%s covers %s: got %t, want %t", test.outer, test.inner, got, test.want)
		}
	}
}

func TestFiltersDoNotOverlap(t *testing.T) {
	t.Parallel()
	got := widest([]string{"menjin.wechat.*", "menjin.user.locked.*", "menjin.wechat.x", "menjin.user.locked.*"})
	if want := []string{"menjin.user.locked.*", "menjin.wechat.*"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBackOffGrowsToItsBound(t *testing.T) {
	t.Parallel()
	s := New(nil, "x", Options{FirstDelay: time.Second, MaxDelay: time.Minute})
	for failures, middle := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute,
	} {
		for range 100 {
			if got := s.backoff(failures); got < middle*3/4 || got > middle*5/4 {
				t.Fatalf("after %d failures: got %s, want %s ± a quarter", failures, got, middle)
			}
		}
	}
}

func TestReasonIsOneShortLine(t *testing.T) {
	t.Parallel()
	if got, want := reason(errors.New("a\tb\x00\nsecond")), "a b "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := len(reason(errors.New(strings.Repeat("門", 1000)))); got > maxReason {
		t.Errorf("got %d bytes, want at most %d", got, maxReason)
	}
}

func TestRecentUsersAreBounded(t *testing.T) {
	t.Parallel()
	var r recent
	r.note("first", 7)
	for i := range 3 * recentHalf {
		r.note(string(rune('a'+i%26))+time.Duration(i).String(), 1)
	}
	if got := len(r.newer) + len(r.older); got > 2*recentHalf {
		t.Errorf("remembered: got %d, want at most %d", got, 2*recentHalf)
	}
	if got := r.last("first"); got != 0 {
		t.Errorf("the first: got %d, want forgotten", got)
	}
}
