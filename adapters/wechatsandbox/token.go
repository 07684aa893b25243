package wechatsandbox

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"time"
)

const (
	// tokenOverlap is how long a token outlives the fetch of the next one, and how early a stable one is renewed.
	tokenOverlap = 5 * time.Minute
	// forceInterval is how far two renewals by force lie apart at least.
	forceInterval = 30 * time.Second
	// maxTokens of an app and API are remembered; with more in the overlap the oldest die early.
	maxTokens  = 64
	tokenBytes = 96
)

var tokenShape = regexp.MustCompile(`^[0-9]{2}_[A-Za-z0-9_-]{128}$`)

// newToken makes an access_token in WeChat's shape.
func newToken() string {
	var text [tokenBytes]byte
	_, _ = rand.Read(text[:])
	return "88_" + base64.RawURLEncoding.EncodeToString(text[:])
}

type token struct {
	text, appID string

	dies     time.Time
	replaced bool // dies before its time
}

// check tells what the use of the token is answered with, 0 when it is good.
func (t *token) check(now time.Time) (errcode int) {
	switch {
	case now.Before(t.dies):
		return 0
	case t.replaced:
		return errToken
	}
	return errTokenExpired
}

// retire lets the token die at a time, unless it would die sooner by itself.
func (t *token) retire(at time.Time) {
	if at.Before(t.dies) {
		t.dies, t.replaced = at, true
	}
}

// tokenLine is what one of the two token APIs has issued to an app, the latest last. The APIs know nothing of each other.
type tokenLine struct {
	tokens   []*token
	forcedAt time.Time
}

func (l *tokenLine) latest() *token {
	if len(l.tokens) == 0 {
		return nil
	}
	return l.tokens[len(l.tokens)-1]
}

// kill ends every token of the line at once and for good, whatever the clock does.
func (l *tokenLine) kill() {
	for _, t := range l.tokens {
		t.retire(time.Time{})
	}
}

func (l *tokenLine) expire() {
	for _, t := range l.tokens {
		t.dies, t.replaced = time.Time{}, false
	}
}

type lineKey struct{ appID, path string }

type tokenBook struct {
	byText  map[string]*token
	lines   map[lineKey]*tokenLine
	fetches uint64
}

func newTokenBook() tokenBook {
	return tokenBook{byText: map[string]*token{}, lines: map[lineKey]*tokenLine{}}
}

func (b *tokenBook) line(appID, path string) *tokenLine {
	key := lineKey{appID, path}
	if b.lines[key] == nil {
		b.lines[key] = &tokenLine{}
	}
	return b.lines[key]
}

// issue adds a token to the line; the one before it lives on for the overlap.
func (b *tokenBook) issue(l *tokenLine, appID string, now time.Time, ttl time.Duration) *token {
	if before := l.latest(); before != nil {
		before.retire(now.Add(tokenOverlap))
	}
	t := &token{text: newToken(), appID: appID, dies: now.Add(ttl)}
	l.tokens = append(l.tokens, t)
	b.byText[t.text] = t
	if len(l.tokens) > maxTokens {
		delete(b.byText, l.tokens[0].text)
		l.tokens = append(l.tokens[:0], l.tokens[1:]...)
	}
	return t
}

// check tells which app a token speaks for, or what to answer instead.
func (b *tokenBook) check(text string, now time.Time) (appID string, errcode int) {
	if text == "" {
		return "", errNoToken
	}
	if t, ok := b.byText[text]; ok {
		return t.appID, t.check(now)
	}
	if !tokenShape.MatchString(text) {
		return "", errNotAToken
	}
	return "", errToken // issued long ago, or before a restart
}
