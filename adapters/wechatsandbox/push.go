package wechatsandbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PushMode is how much of a pushed message is encrypted.
type PushMode string

// The modes of WeChat's console.
const (
	PushPlain      PushMode = "plain"
	PushCompatible PushMode = "compatible" // in the clear and encrypted
	PushSecure     PushMode = "secure"
)

// PushFormat is how a pushed message is written.
type PushFormat string

// The formats of WeChat's console.
const (
	PushJSON PushFormat = "json"
	PushXML  PushFormat = "xml"
)

// Events that WeChat pushes; any other name may be pushed, too.
const (
	EventDebugDemo                 = "debug_demo"
	EventUserInfoModified          = "user_info_modified"
	EventUserAuthorizationRevoke   = "user_authorization_revoke"
	EventUserAuthorizationCanceled = "user_authorization_cancellation"
)

const (
	pushTries     = 4 // the first and three more
	maxMessages   = 100
	maxPushAge    = 365 * 24 * time.Hour
	maxPushAnswer = 4 << 10
)

// ErrNotLoopback is returned for a URL to push to that is not on this machine.
var ErrNotLoopback = errors.New("messages are pushed to loopback addresses only")

// Push says what to push where. URL and Token are needed, the rest has defaults.
type Push struct {
	URL    string     `json:"url"`
	Mode   PushMode   `json:"mode"`    // empty means secure with an AESKey, plain without
	Format PushFormat `json:"format"`  // empty means json
	Token  Secret     `json:"token"`   // signs the query
	AESKey Secret     `json:"aes_key"` // the EncodingAESKey: 43 characters
	AppID  string     `json:"app_id"`  // empty means the first app
	Event  string     `json:"event"`   // empty means debug_demo
	Person string     `json:"person"`  // whom the event is about; empty means the default one
	// RevokeInfo says which data user_authorization_revoke is about; empty means 301, all of it.
	RevokeInfo string `json:"revoke_info"`
	// Fields are added to the message, or replace what it holds under the same key.
	Fields map[string]string `json:"fields"`

	// Verify checks the URL, as the console does before it is saved, and pushes no message.
	Verify bool `json:"verify"`

	Count      int           `json:"count"`        // messages a second apart by CreateTime; 0 means 1
	Copies     int           `json:"copies"`       // how often each is sent although it was accepted; 0 means 1
	Replay     bool          `json:"replay"`       // copies and repeated tries are the same to the byte, timestamp and nonce included
	OutOfOrder bool          `json:"out_of_order"` // the latest message goes first
	Age        time.Duration `json:"-"`            // how long ago the message was made and signed

	LowerCaseKeys  bool `json:"lower_case_keys"` // openid and appid instead of OpenID and AppID
	PaddedKeys     bool `json:"padded_keys"`     // JSON keys of the event's own fields begin with a space, as in WeChat's documentation
	WithoutOpenID  bool `json:"without_openid"`
	WrongSignature bool `json:"wrong_signature"` // of the query and of the encrypted part
	WrongReceiver  bool `json:"wrong_receiver"`  // the encrypted part is meant for another app
}

// PushReport tells what became of a Push.
type PushReport struct {
	Accepted int           `json:"accepted"` // messages and copies that WeChat would take for received
	Attempts []PushAttempt `json:"attempts"`
}

// PushAttempt is one request and its answer.
type PushAttempt struct {
	Message  int    `json:"message"` // 1 is the oldest by CreateTime; 0 is the check of the URL
	Copy     int    `json:"copy"`
	Try      int    `json:"try"`
	Status   int    `json:"status,omitempty"` // HTTP's; 0 when no answer came
	Answer   string `json:"answer,omitempty"` // its first 4 KiB
	Error    string `json:"error,omitempty"`  // why no answer came
	Accepted bool   `json:"accepted"`
}

// Push sends messages the way WeChat does and returns what was answered: it waits Options.PushTimeout for each answer, tries
// up to three times more, signed anew, and is content with HTTP 200 and "success", nothing, or a message in reply. The
// messages go one after the other. A receiver that refuses is told of in the report; an error means a Push that cannot be
// sent, such as ErrNotLoopback, ErrUnknownApp or ErrBadPerson, or that ctx has ended.
func (s *Server) Push(ctx context.Context, push Push) (PushReport, error) {
	push = s.pushDefaults(push)
	if err := errors.Join(s.checkApp(push.AppID), checkPerson(push.Person), push.check()); err != nil {
		return PushReport{}, fmt.Errorf("push: %w", err)
	}
	courier := s.newCourier(push)
	defer courier.client.CloseIdleConnections()
	if push.Verify {
		courier.verify(ctx)
	} else {
		courier.deliverAll(ctx)
	}
	if err := ctx.Err(); err != nil {
		return courier.report, fmt.Errorf("push: %w", err)
	}
	return courier.report, nil
}

func (s *Server) pushDefaults(p Push) Push {
	p.AppID, p.Person = s.orDefault(p.AppID, p.Person)
	if p.Mode == "" && p.AESKey == "" {
		p.Mode = PushPlain
	} else if p.Mode == "" {
		p.Mode = PushSecure
	}
	if p.Format == "" {
		p.Format = PushJSON
	}
	if p.Event == "" {
		p.Event = EventDebugDemo
	}
	if p.RevokeInfo == "" {
		p.RevokeInfo = "301"
	}
	p.Count, p.Copies = max(p.Count, 1), max(p.Copies, 1)
	return p
}
