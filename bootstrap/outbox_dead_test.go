package bootstrap_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestEventTheStreamRefusesHoldsItsUserAlone(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		bob, carol, dave := p.login(p.sandboxCode("bob")), p.login(p.sandboxCode("carol")), p.login(p.sandboxCode("dave"))
		p.expect(http.MethodPost, "/api/logout/all", bob.Token, nil, http.StatusOK, "")
		p.arrives(bob.User.ID, 2)
		p.arrives(dave.User.ID, 1)
		p = limitMessages(t, p, p.betweenTypes(t))
		for _, name := range []string{"carol", "dave"} {
			in := p.login(p.sandboxCode(name))
			p.expect(http.MethodPost, "/api/logout/all", in.Token, nil, http.StatusOK, "") // refused
			p.rename(name)                                                                 // and this held
		}
		p.rename("bob")
		p.arrives(bob.User.ID, 3) // goes on
		letters := p.undecided(t, 2)
		says(t, p.settings, []string{"outbox", "status"}, "2 events undecided", "2 users")
		says(t, p.settings, []string{"outbox", "dead"}, letters[carol.User.ID].EventID, "larger than the stream takes", "undecided")

		p = limitMessages(t, p, -1)
		says(t, p.settings, []string{"outbox", "retry", letters[carol.User.ID].EventID}, "waits again")
		discard := []string{"outbox", "discard", letters[dave.User.ID].EventID}
		if status, _, log := run(t, p.settings, discard...); status != 1 || !strings.Contains(log, "--reason") {
			t.Errorf("discard without a reason: got status %d, want 1 and the flag\n%s", status, log)
		}
		says(t, p.settings, append(discard, "--reason", "never needed"), "is discarded")
		for user, want := range map[string][]int{carol.User.ID: {1, 2, 3}, dave.User.ID: {1, 3}} {
			for i, e := range p.arrives(user, len(want)) {
				if e.Version != want[i] {
					t.Errorf("event %d of user %s: got version %d, want %d", i, user, e.Version, want[i])
				}
			}
		}
		p.undecided(t, 0)
		if letter := letters[dave.User.ID]; letter.Type != sessionEndedV1 || letter.Time.IsZero() || letter.Data["user_id"] != dave.User.ID {
			t.Errorf("dead letter: got %+v, want its type, time and data", letter)
		}
		if got := asked[[]deadLetter](t, p, "dead", "--all"); len(got) != 2 || got[0].Resolution == nil || got[1].Resolution == nil {
			t.Errorf("decided dead letters: got %+v, want two", got)
		}
		p.wantAudited(map[string]int{"outbox.retry": 1, "outbox.discard": 1})
	})
}

// rename signs somebody in and changes their nickname, which makes a small event.
func (p *program) rename(person string) {
	p.tb.Helper()
	in := p.login(p.sandboxCode(person))
	p.expect(http.MethodPut, "/api/user/info", in.Token, map[string]string{"nickname": "n-" + person}, http.StatusOK, "")
}

// betweenTypes is a size of message that a registration keeps within, and sessions that ended do not.
func (p *program) betweenTypes(t *testing.T) int32 {
	t.Helper()
	sizes := map[string]int{}
	for _, message := range p.messages(t) {
		size := len("NATS/1.0\r\n\r\n") + len(message.Data)
		for name, values := range message.Header {
			size += len(name) + len(": \r\n") + len(values[0])
		}
		kind := message.Header.Get("ce-type")
		sizes[kind] = max(sizes[kind], size)
	}
	registered, ended := sizes[registeredV1], sizes[sessionEndedV1]
	if ended < registered+12 { // times are up to some digits shorter
		t.Fatalf("sizes: got %v, want sessions that ended to be larger by far", sizes)
	}
	return int32(registered+ended) / 2
}

// undecided waits for so many dead letters, each with one event behind it, and returns them by user.
func (p *program) undecided(t *testing.T, count int) map[string]deadLetter {
	t.Helper()
	byUser := map[string]deadLetter{}
	eventually(t, "dead letters are listed", func() bool {
		letters := asked[[]deadLetter](t, p, "dead")
		clear(byUser)
		for _, letter := range letters {
			if letter.Behind == 1 && letter.UserID != nil {
				byUser[*letter.UserID] = letter
			}
		}
		return len(letters) == count && len(byUser) == count
	})
	if status := asked[outboxStatus](t, p, "status"); status.Dead != count || status.Held != count {
		t.Errorf("status: got %+v, want %d dead and as many users held", status, count)
	}
	return byUser
}
