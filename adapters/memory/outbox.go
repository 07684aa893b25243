package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
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
)

type entry struct {
	id       int64
	event    domain.Event
	message  ports.Message
	shard    int
	standing standing
	reason   string // for which it is dead
}

// handOver returns the entry in a form that shares nothing with it.
func (e *entry) handOver() ports.OutboxEvent {
	message := e.message
	message.Data, message.Headers = bytes.Clone(message.Data), maps.Clone(message.Headers)
	return ports.OutboxEvent{ID: e.id, Message: message}
}

type userVersion struct {
	user    domain.UserID
	version int64
}

func versionOf(event domain.Event) userVersion { return userVersion{event.UserID, event.Version} }

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
	working bool
	until   time.Time // delayed so long
}

func newOutbox(shards int) outbox {
	return outbox{
		byID: map[domain.EventID]*entry{}, versions: map[userVersion]bool{}, holding: map[domain.UserID]bool{},
		shards: make([]shard, shards),
	}
}

func (o *outbox) knows(event domain.Event) bool {
	return o.byID[event.ID] != nil || o.versions[versionOf(event)]
}

func (o *outbox) append(entries []*entry) {
	for _, entry := range entries {
		o.lastID++
		entry.id = o.lastID
		entry.shard = int(entry.event.UserID.ID[15]) % len(o.shards)
		if o.holding[entry.event.UserID] {
			entry.standing = held
		}
		o.entries = append(o.entries, entry)
		o.byID[entry.event.ID] = entry
		o.versions[versionOf(entry.event)] = true
	}
}

// Bury is part of ports.OutboxQueue. An event that does not wait is left as it is.
func (s *Store) Bury(ctx context.Context, id domain.EventID, reason string, _ time.Time) error {
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
	buried.standing, buried.reason = dead, reason
	s.outbox.holding[buried.event.UserID] = true
	for _, entry := range s.outbox.entries {
		if entry.event.UserID == buried.event.UserID && entry.id > buried.id && entry.standing == waiting {
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
		return entry.reason, true
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
