package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// publishTime is how long a shard is given to one Drain.
const publishTime = 5 * time.Second

// standing is what became of an event.
type standing int

const (
	waiting standing = iota
	published
	dead
	held // behind a dead event of the same user
	discarded
)

type entry struct {
	id       int64
	event    domain.Event
	message  ports.Message
	shard    int
	standing standing
	letter   ports.DeadLetter // once it was dead; without the event
}

// handOver returns the entry in a form that shares nothing with it.
func (e *entry) handOver() ports.OutboxEvent {
	message := e.message
	message.Data, message.Headers = bytes.Clone(message.Data), maps.Clone(message.Headers)
	return ports.OutboxEvent{ID: e.id, Message: message}
}

// over reports that nothing is to become of it any more.
func (e *entry) over() bool { return e.standing == published || e.standing == discarded }

// about returns the user whom something is about that WeChat pushed.
func (e *entry) about() domain.UserID {
	pushed, _ := e.event.Facts.(domain.WeChatPushed)
	return pushed.UserID
}

type userVersion struct {
	user    domain.UserID
	version int64
}

func versionOf(message ports.Message) userVersion {
	return userVersion{message.UserID, message.UserVersion}
}

// outbox is guarded by the mutex of its Store.
type outbox struct {
	lastID   int64
	entries  []*entry // by rising id
	byID     map[domain.EventID]*entry
	versions map[userVersion]bool
	holding  map[domain.UserID]bool // users with a dead event
	shards   []shard
	latest   ports.StreamPosition // the furthest any shard recorded
}

type shard struct {
	idle     chan struct{} // closed once the Drain at work on it ends; nil when there is none
	paused   bool
	until    time.Time // delayed so long
	lastID   int64
	recorded ports.StreamPosition
}

func newOutbox(shards int) outbox {
	return outbox{
		byID: map[domain.EventID]*entry{}, versions: map[userVersion]bool{}, holding: map[domain.UserID]bool{},
		shards: make([]shard, shards),
	}
}

func (o *outbox) knows(message ports.Message) bool {
	return o.byID[message.ID] != nil || o.versions[versionOf(message)]
}

func (o *outbox) append(entries []*entry) {
	for _, entry := range entries {
		o.lastID++
		entry.id = o.lastID
		entry.shard = int(entry.message.UserID.ID[15]) % len(o.shards)
		if o.holding[entry.message.UserID] {
			entry.standing = held
		}
		o.entries = append(o.entries, entry)
		o.byID[entry.event.ID] = entry
		o.versions[versionOf(entry.message)] = true
	}
}

// drop takes out the first entries that a test holds for, and returns how many.
func (o *outbox) drop(limit int, goes func(*entry) bool) (count int64) {
	o.entries = slices.DeleteFunc(o.entries, func(entry *entry) bool {
		if count == int64(limit) || !goes(entry) {
			return false
		}
		delete(o.byID, entry.message.ID)
		delete(o.versions, versionOf(entry.message))
		count++
		return true
	})
	return count
}

// Bury is part of ports.OutboxQueue. An event that does not wait is left as it is.
func (s *Store) Bury(ctx context.Context, id domain.EventID, reason string, now time.Time) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	buried := s.outbox.byID[id]
	if buried == nil {
		return fmt.Errorf("bury event %s: no such event", id)
	}
	if buried.standing != waiting {
		return nil
	}
	buried.standing = dead
	buried.letter.Reason, buried.letter.LastFailedAt, buried.letter.Resolved = reason, now, ""
	if buried.letter.Attempts++; buried.letter.Attempts == 1 {
		buried.letter.FirstFailedAt = now
	}
	s.outbox.holding[buried.message.UserID] = true
	for _, entry := range s.outbox.entries {
		if entry.message.UserID == buried.message.UserID && entry.id > buried.id && entry.standing == waiting {
			entry.standing = held
		}
	}
	return nil
}

// Buried returns why an event is dead, and whether it is.
func (s *Store) Buried(id domain.EventID) (reason string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry := s.outbox.byID[id]; entry != nil && entry.standing == dead {
		return entry.letter.Reason, true
	}
	return "", false
}

// Waiting returns how many events wait to be published.
func (s *Store) Waiting() (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, entry := range s.outbox.entries {
		if entry.standing == waiting {
			count++
		}
	}
	return count
}
