package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/menjin-id/menjin/ports"
)

// Drain is part of ports.OutboxQueue.
func (s *Store) Drain(ctx context.Context, limit int, publish ports.Publish) (ports.Drained, error) {
	if err := s.down(ctx); err != nil {
		return ports.Drained{}, err
	}
	number, taken, busy := s.take(limit)
	drained := ports.Drained{Shard: number, Events: len(taken), Full: len(taken) == limit, Busy: busy}
	if len(taken) == 0 {
		return drained, nil
	}
	defer s.giveBack(number)

	var events []ports.OutboxEvent
	for _, entry := range taken {
		events = append(events, entry.handOver())
	}
	publishing, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	position, err := publish(publishing, s.recorded(), events)
	if err != nil {
		return drained, err
	}
	if err := s.down(ctx); err != nil {
		return drained, err
	}
	s.record(number, taken, position)
	drained.More = len(s.outbox.shards) > 1
	return drained, nil
}

// take finds a shard that has work and that nobody works, and takes it and its oldest events.
func (s *Store) take(limit int) (number int, taken []*entry, busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, busy := time.Now(), true
	for number := range s.outbox.shards {
		shard := &s.outbox.shards[number]
		if shard.idle != nil {
			continue
		}
		busy = false
		if shard.paused || shard.delayed(now) {
			continue
		}
		if taken := s.outbox.oldest(number, limit); len(taken) > 0 {
			shard.idle = make(chan struct{})
			return number, taken, false
		}
	}
	return 0, nil, busy
}

// delayed does not believe an instant that only a clock which was ahead can have given.
func (s *shard) delayed(now time.Time) bool {
	return s.until.After(now) && !s.until.After(now.Add(ports.LongestDelay))
}

func (o *outbox) oldest(shard, limit int) (oldest []*entry) {
	for _, entry := range o.entries {
		if len(oldest) == limit {
			break
		}
		if entry.shard == shard && entry.standing == waiting {
			oldest = append(oldest, entry)
		}
	}
	return oldest
}

func (s *Store) giveBack(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.outbox.shards[number].idle)
	s.outbox.shards[number].idle = nil
}

func (s *Store) recorded() ports.StreamPosition {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outbox.latest
}

func (s *Store) record(number int, taken []*entry, position ports.StreamPosition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shard := &s.outbox.shards[number]
	shard.recorded = position
	for _, entry := range taken {
		shard.lastID = max(shard.lastID, entry.id)
		if entry.standing == waiting {
			entry.standing = published
		}
	}
	if latest := &s.outbox.latest; position.Stream != latest.Stream || position.Sequence > latest.Sequence {
		*latest = position
	}
}

// Delay is part of ports.OutboxQueue.
func (s *Store) Delay(ctx context.Context, number int, until time.Time) error {
	if err := s.down(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < 0 || number >= len(s.outbox.shards) {
		return fmt.Errorf("delay shard %d: no such shard", number)
	}
	s.outbox.shards[number].until = until
	return nil
}
