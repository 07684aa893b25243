package wechatsandbox

import (
	"errors"
	"fmt"
)

const maxRules = 10_000

// ErrTooManyRules is returned when ten thousand people already have a rule of their own.
var ErrTooManyRules = errors.New("too many rules for people")

// Block makes WeChat's risk control turn a person away (40226), or lets them in again. An empty appID means at every app,
// an empty person everybody; someone is blocked while any rule that covers them says so.
// It returns ErrUnknownApp, ErrBadPerson or ErrTooManyRules.
func (s *Server) Block(appID, person string, blocked bool) error {
	return s.setRule(appID, person, func(r *rule) { r.blocked = blocked })
}

// HideUnionID leaves the unionid out of a person's answers, as for an app that is not bound to an Open Platform account,
// or shows it again. Arguments and errors are those of Block.
func (s *Server) HideUnionID(appID, person string, hidden bool) error {
	return s.setRule(appID, person, func(r *rule) { r.hideUnionID = hidden })
}

func (s *Server) setRule(appID, person string, change func(*rule)) error {
	err := checkPerson(person)
	if appID != "" {
		err = errors.Join(s.checkApp(appID), err)
	}
	if err != nil {
		return fmt.Errorf("set rule: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.rules.set(ruleKey{appID, person}, change); err != nil {
		return fmt.Errorf("set rule: %w", err)
	}
	return nil
}

type rule struct{ blocked, hideUnionID bool }

// ruleKey names who a rule covers; an empty field covers all.
type ruleKey struct{ appID, person string }

type ruleBook map[ruleKey]rule

func (b ruleBook) set(key ruleKey, change func(*rule)) error {
	r := b[key]
	change(&r)
	if r == (rule{}) {
		delete(b, key)
		return nil
	}
	if _, known := b[key]; !known && len(b) >= maxRules {
		return ErrTooManyRules
	}
	b[key] = r
	return nil
}

func (b ruleBook) forPerson(appID, person string) rule {
	var sum rule
	if len(b) == 0 {
		return sum
	}
	for _, key := range []ruleKey{{appID, person}, {appID, ""}, {"", person}, {}} {
		r := b[key]
		sum.blocked = sum.blocked || r.blocked
		sum.hideUnionID = sum.hideUnionID || r.hideUnionID
	}
	return sum
}
