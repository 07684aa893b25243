package redisstore

import (
	"strconv"
	"testing"
)

const second = int64(1_000_000)

func TestProcessAloneCountsAsRedisDoes(t *testing.T) {
	t.Parallel()
	s, at := newStandIn(), int64(1_700_000_000)*second
	take := func(what string, want int64) {
		t.Helper()
		if wait, known := s.take("key", at, second, 10*second); !known || wait != want {
			t.Errorf("%s: wait %d, known: %t, want %d", what, wait, known, want)
		}
	}
	for range 10 {
		take("burst", 0)
	}
	take("spent", second)
	at += second
	take("one came back", 0)
	take("and was spent", second)
	at -= 3600 * second // a clock that was set back
	take("in the past", second)
	at += 7200 * second
	for range 10 {
		take("whole again", 0)
	}
}

func TestProcessAloneRemembersNoMoreThanItHasRoomFor(t *testing.T) {
	t.Parallel()
	s, at := newStandIn(), int64(1_700_000_000)*second
	for i := range mostAlone {
		if _, known := s.take(strconv.Itoa(i), at, second, 10*second); !known {
			t.Fatalf("key %d of %d found no room", i+1, mostAlone)
		}
	}
	if _, known := s.take("one more", at, second, 10*second); known {
		t.Error("a key beyond the room there is was counted")
	}
	if _, known := s.take("0", at, second, 10*second); !known {
		t.Error("a key that was known is not any more")
	}
	at += 2 * second // all but the one that was counted twice are whole again
	if wait, known := s.take("one more", at, second, 10*second); !known || wait != 0 {
		t.Errorf("once there is room: wait %d, known: %t, want none", wait, known)
	}
	if got := len(s.whole); got > 2 {
		t.Errorf("%d keys are remembered, want those that say something yet", got)
	}
}
