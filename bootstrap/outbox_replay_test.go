package bootstrap_test

import (
	"net/http"
	"testing"

	"github.com/nats-io/nats.go"
)

func TestPausedOutboxPublishesNothingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		first := p.login(p.sandboxCode("alice"))
		p.arrives(first.User.ID, 1)
		says(t, p.settings, []string{"outbox", "pause"}, "paused all shards")
		second := p.login(p.sandboxCode("bob"))
		if status := asked[outboxStatus](t, p, "status"); status.Waiting != 1 || !status.Shards[0].Paused {
			t.Errorf("status: got %+v, want one event waiting and the shard paused", status)
		}
		if got := len(p.messages(t)); got != 1 {
			t.Errorf("messages of the stream during the pause: got %d, want 1", got)
		}
		says(t, p.settings, []string{"outbox", "resume", "--shard", "0"}, "resumed shard 0")
		p.arrives(second.User.ID, 1)
		p.wantAudited(map[string]int{"outbox.pause": 1, "outbox.resume": 1})
	})
}

func TestReplaysReachTheStreamOrANameAndAreMarked(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		alice, bob := p.login(p.sandboxCode("alice")), p.login(p.sandboxCode("bob"))
		p.expect(http.MethodPost, "/api/logout/all", alice.Token, nil, http.StatusOK, "")
		originals := p.arrives(alice.User.ID, 2)
		p.arrives(bob.User.ID, 1)

		says(t, p.settings, []string{"outbox", "replay", "--user", alice.User.ID, "--wait"}, "2 events sent again")
		held := p.messages(t)
		if len(held) != 5 {
			t.Fatalf("messages of the stream: got %d, want 5", len(held))
		}
		for i, message := range held[3:] {
			if message.Header.Get("ce-replayed") != "true" || message.Header.Get("ce-id") != originals[i].ID {
				t.Errorf("replayed message %d: got headers %v, want event %s marked", i, message.Header, originals[i].ID)
			}
		}

		conn, err := nats.Connect(p.events)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		heard, err := conn.SubscribeSync("menjin.replay.>")
		if err == nil {
			err = conn.FlushTimeout(patience)
		}
		if err != nil {
			t.Fatal(err)
		}
		says(t, p.settings, []string{"outbox", "replay", "--type", registeredV1, "--since", "1h", "--to-subject", "search", "--wait"}, "2 events sent again")
		for _, user := range []string{alice.User.ID, bob.User.ID} {
			message, err := heard.NextMsg(patience)
			if err != nil || message.Subject != "menjin.replay.search.user.registered."+user || message.Header.Get("ce-replayed") != "true" {
				t.Errorf("got %+v, error %v, want the marked registration of %s", message, err, user)
			}
		}
		if got := len(p.messages(t)); got != 5 {
			t.Errorf("messages of the stream after a replay beside it: got %d, want 5", got)
		}
		says(t, p.settings, []string{"outbox", "replays"}, "menjin.replay.search", "the stream", "finished")
		type replay struct {
			NextID int64 `json:"next_id"`
			LastID int64 `json:"last_id"`
		}
		if got := asked[[]replay](t, p, "replays"); len(got) != 2 || got[0].NextID != 3 || got[0].LastID != 3 {
			t.Errorf("replays: got %+v, want two that came to outbox id 3", got)
		}
		p.wantAudited(map[string]int{"outbox.replay": 2})
	})
}
