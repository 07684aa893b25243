package wechatsandbox

import (
	"container/list"
	"errors"
	"fmt"
	"time"
)

// ErrTooManyCodes is returned when Options.MaxCodes codes of a kind wait for use; they make room by being used or by expiring.
var ErrTooManyCodes = errors.New("too many unused codes")

// MintCode does what wx.login does on a phone: it returns a login code for a person of an app, good for one exchange
// within Options.CodeTTL. A person is any label and needs no registration; an empty appID means the first app, an empty
// person the default one. It returns ErrUnknownApp, ErrBadPerson or ErrTooManyCodes.
func (s *Server) MintCode(appID, person string) (string, error) {
	appID, person = s.orDefault(appID, person)
	if err := errors.Join(s.checkApp(appID), checkPerson(person)); err != nil {
		return "", fmt.Errorf("mint login code: %w", err)
	}
	now := s.now()
	code := &oneTimeCode{
		text:    newCode(),
		appID:   appID,
		person:  person,
		openID:  s.OpenID(appID, person),
		expires: now.Add(s.opts.CodeTTL),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.codes.add(code, now); err != nil {
		return "", fmt.Errorf("mint login code: %w", err)
	}
	s.users.touch(code).rotateKey(now, s.opts)
	return code.text, nil
}

type oneTimeCode struct {
	text, appID, person, openID string

	expires time.Time
	spent   bool
	phone   phoneInfo // of phone codes
}

// codeBook holds the codes of one namespace. Both lists are in order of entry, which under a constant lifetime is about
// the order of expiry, so that sweeping looks at their heads only.
type codeBook struct {
	byText      map[string]*list.Element
	live, spent list.List
	max         int
}

func newCodeBook(limit int) codeBook {
	return codeBook{byText: map[string]*list.Element{}, max: limit}
}

func (b *codeBook) add(code *oneTimeCode, now time.Time) error {
	b.sweep(now)
	if b.live.Len() >= b.max {
		return ErrTooManyCodes
	}
	b.byText[code.text] = b.live.PushBack(code)
	return nil
}

// find returns nil for a code that is unknown or expired.
func (b *codeBook) find(text string, now time.Time) *oneTimeCode {
	b.sweep(now)
	element, ok := b.byText[text]
	if !ok {
		return nil
	}
	code := element.Value.(*oneTimeCode)
	if !now.Before(code.expires) {
		return nil
	}
	return code
}

// spend keeps the code for its remaining life, to tell a second use from an unknown code.
func (b *codeBook) spend(code *oneTimeCode) {
	code.spent = true
	b.live.Remove(b.byText[code.text])
	b.byText[code.text] = b.spent.PushBack(code)
	if b.spent.Len() > b.max {
		b.drop(&b.spent, b.spent.Front())
	}
}

func (b *codeBook) sweep(now time.Time) {
	for _, codes := range []*list.List{&b.live, &b.spent} {
		for e := codes.Front(); e != nil && !now.Before(e.Value.(*oneTimeCode).expires); e = codes.Front() {
			b.drop(codes, e)
		}
	}
}

func (b *codeBook) drop(from *list.List, e *list.Element) {
	delete(b.byText, e.Value.(*oneTimeCode).text)
	from.Remove(e)
}
