package natsbus

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func answered(code jetstream.ErrorCode) error { return &jetstream.APIError{Code: 400, ErrorCode: code} }

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		err       error
		permanent bool
	}{
		{"larger than the server takes", nats.ErrMaxPayload, true},
		{"malformed subject", nats.ErrBadSubject, true},
		{"malformed headers", nats.ErrBadHeaderMsg, true},
		{"no message", nats.ErrInvalidMsg, true},
		{"larger than the stream takes", answered(10054), true},
		{"headers larger than 64 KiB", answered(10097), true},
		{"a lifetime that is none", answered(10165), true},
		{"a lifetime where there is none", answered(10166), true},
		{"a counter where there is none", answered(10168), true},
		{"a schedule where there is none", answered(10188), true},
		{"a batch where there is none", answered(10174), true},
		{"a roll-up that is refused", answered(10111), true},

		{"nobody answers", nats.ErrNoResponders, false},
		{"no stream has the subject", jetstream.ErrNoStreamResponse, false},
		{"no acknowledgement in time", jetstream.ErrAsyncPublishTimeout, false},
		{"timeout", nats.ErrTimeout, false},
		{"connection closed", nats.ErrConnectionClosed, false},
		{"connection broken", nats.ErrReconnectBufExceeded, false},
		{"too much under way", jetstream.ErrTooManyStalledMsgs, false},
		{"account at its limits", answered(10002), false},
		{"cluster away", answered(10008), false},
		{"not the leader", answered(10009), false},
		{"no peers", answered(10005), false},
		{"out of resources", answered(10023), false},
		{"out of memory", answered(10028), false},
		{"out of disk", answered(10047), false},
		{"JetStream off for the account", answered(10039), false},
		{"JetStream off", answered(10076), false},
		{"no such stream", answered(10059), false},
		{"stream at fault", answered(10051), false},
		{"full stream, or one that cannot write", answered(10077), false},
		{"sealed stream", answered(10109), false},
		{"stream offline", answered(10118), false},
		{"stream offline with a reason", answered(10194), false},
		{"same message under way", answered(10158), false},
		{"wrong last sequence", answered(10071), false},
		{"too many requests", answered(10167), false},
		{"a code nobody knows", answered(19999), false},
		{"anything else", errors.New("whatever"), false},
	}
	event := domain.EventID{ID: domain.ID{15: 1}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := classify(&ports.Message{ID: event}, fmt.Errorf("publish: %w", test.err))
			rejected, permanent := errors.AsType[*ports.RejectedError](err)
			if permanent != test.permanent {
				t.Fatalf("permanent: got %t, want %t (%v)", permanent, test.permanent, err)
			}
			if permanent && (rejected.Event != event || rejected.Reason == "") {
				t.Errorf("got %+v, want the event and a reason", rejected)
			}
			if !permanent && !errors.Is(err, test.err) {
				t.Errorf("got %v, want it to match %v", err, test.err)
			}
		})
	}
}

func TestMessageInAnotherStreamIsAtFaultUnlessItsSubjectIsTheEventsOwn(t *testing.T) {
	t.Parallel()
	for subject, permanent := range map[string]bool{
		"other.registered": true, "menjin.user": true, "menjin.user.registered.x": false, "menjin.wechat.user_info_modified": false,
	} {
		err := classify(&ports.Message{Subject: subject}, answered(10060))
		if _, got := errors.AsType[*ports.RejectedError](err); got != permanent {
			t.Errorf("%s: permanent: got %t, want %t (%v)", subject, got, permanent, err)
		}
	}
}

func TestPatternsOfSubjects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, subject string
		want             bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.c", false},
		{"a.b", "a", false},
		{"a", "a.b", false},
		{"a.*", "a.b", true},
		{"a.*", "a.b.c", false},
		{"*.b", "a.b", true},
		{"*", "a.b", false},
		{">", "a.b", true},
		{"a.>", "a.b.c", true},
		{"a.>", "b.c", false},
		{"a.*.>", "a.b.c.d", true},
	} {
		if got := covers(test.pattern, test.subject); got != test.want {
			t.Errorf("%s covers %s: got %t, want %t", test.pattern, test.subject, got, test.want)
		}
	}
}
