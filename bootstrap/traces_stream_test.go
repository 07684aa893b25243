package bootstrap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/internal/testserver/natstest"
)

const deletedV1 = "menjin.user.deleted.v1"

// lying is every message that lies in the stream now, whatever its subject.
func lying(tb testing.TB, url string) (messages []*jetstream.RawStreamMsg) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	js := natstest.JetStream(tb, url)
	defer js.Conn().Close()
	stream, err := js.Stream(ctx, "MENJIN_EVENTS")
	if err != nil {
		tb.Fatalf("look at the stream: %v", err)
	}
	state := stream.CachedInfo().State
	for seq := max(state.FirstSeq, 1); seq <= state.LastSeq; seq++ {
		message, err := stream.GetMsg(ctx, seq)
		if err == nil {
			messages = append(messages, message)
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) { // purged
			tb.Fatalf("read message %d: %v", seq, err)
		}
	}
	return messages
}

// naming are the subjects of the messages that name a user anywhere.
func naming(tb testing.TB, url, user string) (subjects []string) {
	tb.Helper()
	for _, message := range lying(tb, url) {
		if strings.Contains(fmt.Sprintf("%s %v %s", message.Subject, message.Header, message.Data), user) {
			subjects = append(subjects, message.Subject)
		}
	}
	return subjects
}

// leavesTombstone waits until the last event alone is left of each user, and nothing else in the stream names them.
func (p *program) leavesTombstone(users ...string) {
	p.tb.Helper()
	for _, user := range users {
		var left []string
		deadline := time.Now().Add(patience)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for want := []string{"menjin.user.deleted." + user}; !slices.Equal(left, want); <-tick.C {
			if time.Now().After(deadline) {
				p.tb.Errorf("messages that name a deleted user: got %v, want %v", left, want)
				break
			}
			left = naming(p.tb, p.events, user)
		}
	}
}
