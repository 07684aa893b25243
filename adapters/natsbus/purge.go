package natsbus

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// errCodePurgeDenied is JetStream's answer (err_code) of a stream that was set up so.
const errCodePurgeDenied = 10110

var _ ports.StreamEraser = (*Bus)(nil)

// Purge goes on where an earlier one was cut off, and takes as long as an acknowledgement may. What WeChat pushed is
// overwritten and not just let go of, as it holds more than ids. It returns domain.ErrUnavailable when NATS does not answer in
// time, and another error when the stream lets nobody purge it or delete from it.
func (b *Bus) Purge(ctx context.Context, user domain.UserID) error {
	ctx, cancel := context.WithTimeout(ctx, b.options.AckTimeout)
	defer cancel()
	err := b.purge(ctx, user)
	if answer, ok := errors.AsType[*jetstream.APIError](err); ok && answer.ErrorCode == errCodePurgeDenied {
		return fmt.Errorf("purge messages of user %s: %w", user, err)
	}
	if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return fmt.Errorf("purge messages of user %s: %w", user, err)
	}
	if err != nil {
		return unavailable("purge messages of user "+user.String(), err)
	}
	return nil
}

func (b *Bus) purge(ctx context.Context, user domain.UserID) error {
	stream, err := b.events.Stream(ctx, StreamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := purgeOwn(ctx, stream, user); err != nil {
		return err
	}
	return b.purgePushed(ctx, stream, user)
}

// purgeOwn names each subject in full, so that no mistake in a wildcard can reach messages of others.
func purgeOwn(ctx context.Context, stream jetstream.Stream, user domain.UserID) error {
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter("menjin.user.*."+user.String()))
	if err != nil {
		return err
	}
	for subject := range info.State.Subjects {
		if subject == "menjin.user.deleted."+user.String() {
			continue
		}
		if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
			return err
		}
	}
	return nil
}

// purgePushed finds what WeChat pushed about a user by its header: the subjects do not tell.
func (b *Bus) purgePushed(ctx context.Context, stream jetstream.Stream, user domain.UserID) error {
	next, err := erase(ctx, stream, pushedKinds+">", b.purges.from(user), func(message jetstream.Msg) bool {
		return message.Headers().Get(ports.HeaderUserID) == user.String()
	})
	if err != nil {
		b.purges.stopped(user, next)
		return err
	}
	b.purges.done(user)
	return nil
}

// maxPurges is how many purges that were cut off are remembered.
const maxPurges = 1024

// purges remembers how far those came that were cut off. A long stream would else be looked through from its beginning again
// and again, and never to its end.
type purges struct {
	mu   sync.Mutex
	next map[domain.UserID]uint64
}

func (p *purges) from(user domain.UserID) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.next[user], 1)
}

func (p *purges) stopped(user domain.UserID, next uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil || len(p.next) >= maxPurges {
		p.next = make(map[domain.UserID]uint64)
	}
	p.next[user] = next
}

func (p *purges) done(user domain.UserID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.next, user)
}
