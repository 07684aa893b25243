package book_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/menjin-id/menjin/chaos/book"
	"github.com/menjin-id/menjin/domain"
)

const window = 10 * time.Minute

func newID() domain.ID { return domain.ID(uuid.Must(uuid.NewV7())) }

// changes are a user's first three, all tried, and committed but for what is said.
func changes(user domain.UserID) (entries []book.Entry, record *book.Record, versions map[domain.UserID]int64) {
	record = &book.Record{Tried: map[domain.EventID]book.Entry{}, Outcomes: map[domain.EventID]book.Outcome{}}
	for version := int64(1); version <= 3; version++ {
		entry := book.Entry{User: user, Version: version, Event: domain.EventID{ID: newID()}}
		entries = append(entries, entry)
		record.Tried[entry.Event], record.Outcomes[entry.Event] = entry, book.Committed
	}
	return entries, record, map[domain.UserID]int64{user: 3}
}

func TestVerdictNamesEachFault(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stored []int         // versions, in the order of the stream
		apart  time.Duration // between messages
		harm   func(entries []book.Entry, record *book.Record, versions map[domain.UserID]int64)
		want   book.Verdict
	}{
		"nothing wrong":      {stored: []int{1, 2, 3}, want: book.Verdict{Committed: 3, Stored: 3}},
		"lost":               {stored: []int{1, 3}, want: book.Verdict{Committed: 3, Stored: 2, Lost: 1}},
		"twice":              {stored: []int{1, 2, 1, 3}, want: book.Verdict{Committed: 3, Stored: 3, Twice: 1}},
		"again much later":   {stored: []int{1, 2, 1, 3}, apart: window, want: book.Verdict{Committed: 3, Stored: 3, Later: 1}},
		"in the wrong order": {stored: []int{1, 3, 2}, want: book.Verdict{Committed: 3, Stored: 3, Reordered: 1}},
		"rolled back and stored": {
			stored: []int{1, 2, 3},
			harm: func(entries []book.Entry, record *book.Record, versions map[domain.UserID]int64) {
				record.Outcomes[entries[2].Event] = book.RolledBack
				versions[entries[2].User] = 2
			},
			want: book.Verdict{Committed: 2, Stored: 2, Unwanted: 1},
		},
		"answered and gone": {
			stored: []int{1, 2},
			harm: func(entries []book.Entry, _ *book.Record, versions map[domain.UserID]int64) {
				versions[entries[2].User] = 2
			},
			want: book.Verdict{Committed: 2, Stored: 2, Forgotten: 1},
		},
		"outcome unknown and committed": {
			stored: []int{1, 2, 3},
			harm: func(entries []book.Entry, record *book.Record, _ map[domain.UserID]int64) {
				delete(record.Outcomes, entries[2].Event)
			},
			want: book.Verdict{Committed: 3, Stored: 3},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, record, versions := changes(domain.UserID{ID: newID()})
			if test.harm != nil {
				test.harm(entries, record, versions)
			}
			var stored []book.Stored
			for i, version := range test.stored {
				at := time.Unix(0, 0).Add(time.Duration(i) * test.apart)
				stored = append(stored, book.Stored{Entry: entries[version-1], Sequence: uint64(i + 1), At: at})
			}
			got := *book.Judge(record, versions, stored, window)
			broken := test.want.Lost+test.want.Twice+test.want.Reordered+test.want.Unwanted+test.want.Forgotten > 0
			if got.Broken() != broken || (len(got.Examples) > 0) != broken {
				t.Errorf("broken: got %t, examples %q, want %t", got.Broken(), got.Examples, broken)
			}
			got.Examples = nil
			if !equal(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func equal(a, b book.Verdict) bool {
	return a.Committed == b.Committed && a.Stored == b.Stored && a.Lost == b.Lost && a.Twice == b.Twice && a.Later == b.Later &&
		a.Reordered == b.Reordered && a.Unwanted == b.Unwanted && a.Forgotten == b.Forgotten
}

func TestBookIsReadAsItWasWrittenButForACutOffLine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "book")
	pages, err := book.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	entries, _, _ := changes(domain.UserID{ID: newID()})
	for _, write := range []error{
		pages.Try(entries), pages.Settle(book.Committed, entries[:1]), pages.Settle(book.RolledBack, entries[1:2]), pages.Close(),
	} {
		if write != nil {
			t.Fatal(write)
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.WriteString("a 0190")
	_ = file.Close()
	record, err := book.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[domain.EventID]book.Outcome{entries[0].Event: book.Committed, entries[1].Event: book.RolledBack}
	if len(record.Tried) != 3 || record.Tried[entries[2].Event] != entries[2] || len(record.Users()) != 1 {
		t.Errorf("tried: got %v, want %v", record.Tried, entries)
	}
	if len(record.Outcomes) != len(want) || record.Outcomes[entries[0].Event] != book.Committed || record.Outcomes[entries[1].Event] != book.RolledBack {
		t.Errorf("outcomes: got %v, want %v", record.Outcomes, want)
	}
}
