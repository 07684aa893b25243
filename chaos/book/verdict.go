package book

import (
	"fmt"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// maxExamples bounds how many faults a verdict names.
const maxExamples = 5

// Stored is a message as the stream holds it.
type Stored struct {
	Entry
	Sequence uint64
	At       time.Time // when it was stored
	Source   string    // who published it
}

// Verdict says how what is stored differs from what was committed.
type Verdict struct {
	Committed int // changes, by the versions of the users
	Stored    int // of these, how many the stream holds
	Lost      int // committed and not stored
	Twice     int // stored again within the duplicate window
	Later     int // stored again after it, which subscribers are told to expect
	Reordered int // seen for the first time after a later change of the same user
	Unwanted  int // stored and never committed
	Forgotten int // the database has lost what it had answered: no fault of the outbox, but nothing can be proven then

	Examples []string
}

// Broken reports whether a promise is.
func (v *Verdict) Broken() bool {
	return v.Lost+v.Twice+v.Reordered+v.Unwanted+v.Forgotten > 0
}

func (v *Verdict) note(format string, args ...any) {
	if len(v.Examples) < maxExamples {
		v.Examples = append(v.Examples, fmt.Sprintf(format, args...))
	}
}

// change names a change of a user whatever its event is called.
type change struct {
	user    domain.UserID
	version int64
}

// Judge compares the versions that users have reached with the stream, in its order. Each version of a user was one change
// and made one event.
func Judge(record *Record, versions map[domain.UserID]int64, stored []Stored, window time.Duration) *Verdict {
	v := &Verdict{}
	for event, entry := range record.Tried {
		if record.Outcomes[event] == Committed && entry.Version > versions[entry.User] {
			v.Forgotten++
			v.note("forgotten: user %s had version %d", entry.User, entry.Version)
		}
	}
	seen := make(map[change]time.Time, len(stored))
	furthest := make(map[domain.UserID]int64, len(versions))
	for _, message := range stored {
		v.look(record, versions, seen, furthest, message, window)
	}
	for user, reached := range versions {
		v.Committed += int(reached)
		for version := int64(1); version <= reached; version++ {
			if _, found := seen[change{user, version}]; !found {
				v.Lost++
				v.note("lost: user %s version %d", user, version)
			}
		}
	}
	v.Stored = v.Committed - v.Lost
	return v
}

func (v *Verdict) look(
	record *Record, versions map[domain.UserID]int64, seen map[change]time.Time, furthest map[domain.UserID]int64,
	message Stored, window time.Duration,
) {
	at := change{message.User, message.Version}
	if first, found := seen[at]; found {
		if message.At.Sub(first) < window {
			v.Twice++
			v.note("twice: user %s version %d at sequence %d", message.User, message.Version, message.Sequence)
		} else {
			v.Later++
		}
		return
	}
	seen[at] = message.At
	if message.Version < furthest[message.User] {
		v.Reordered++
		v.note("reordered: user %s version %d at sequence %d", message.User, message.Version, message.Sequence)
	}
	furthest[message.User] = max(furthest[message.User], message.Version)
	tried, known := record.Tried[message.Event]
	if !known || tried != message.Entry || record.Outcomes[message.Event] == RolledBack || message.Version > versions[message.User] {
		v.Unwanted++
		v.note("unwanted: user %s version %d at sequence %d", message.User, message.Version, message.Sequence)
	}
}
