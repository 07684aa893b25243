package subscriber

import (
	"context"
	"encoding/json"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// The handlers below are registered before Run; another one for the same kind takes the place of the first. What has no
// handler is not asked for. A later version of a kind is not given to the handler of this one.

// OnRegistered is told of each new user.
func (s *Subscriber) OnRegistered(handler Handler[menjin.Registered]) {
	on(s, menjin.TypeRegistered, handler)
}

// OnSignedIn is told when a known user opens a session, where the service publishes that.
func (s *Subscriber) OnSignedIn(handler Handler[menjin.SignedIn]) {
	on(s, menjin.TypeSignedIn, handler)
}

// OnProfileUpdated is told which fields of a profile changed.
func (s *Subscriber) OnProfileUpdated(handler Handler[menjin.ProfileUpdated]) {
	on(s, menjin.TypeProfileUpdated, handler)
}

// OnPasswordChanged is told when a user has another password.
func (s *Subscriber) OnPasswordChanged(handler Handler[menjin.PasswordChanged]) {
	on(s, menjin.TypePasswordChanged, handler)
}

// OnPhoneBound is told when a user has a phone number.
func (s *Subscriber) OnPhoneBound(handler Handler[menjin.PhoneBound]) {
	on(s, menjin.TypePhoneBound, handler)
}

// OnPhoneUnbound is told when a user has none any more.
func (s *Subscriber) OnPhoneUnbound(handler Handler[menjin.PhoneUnbound]) {
	on(s, menjin.TypePhoneUnbound, handler)
}

// OnWeChatLinked is told when a user can sign in to a mini-program.
func (s *Subscriber) OnWeChatLinked(handler Handler[menjin.WeChatLinked]) {
	on(s, menjin.TypeWeChatLinked, handler)
}

// OnWeChatUnlinked is told when a user can do so no more.
func (s *Subscriber) OnWeChatUnlinked(handler Handler[menjin.WeChatUnlinked]) {
	on(s, menjin.TypeWeChatUnlinked, handler)
}

// OnMerged is told when two accounts became one, once for each of the two.
func (s *Subscriber) OnMerged(handler Handler[menjin.Merged]) { on(s, menjin.TypeMerged, handler) }

// OnRolesChanged is told which roles a user has now.
func (s *Subscriber) OnRolesChanged(handler Handler[menjin.RolesChanged]) {
	on(s, menjin.TypeRolesChanged, handler)
}

// OnLocked is told when a user may not sign in.
func (s *Subscriber) OnLocked(handler Handler[menjin.Locked]) { on(s, menjin.TypeLocked, handler) }

// OnUnlocked is told when a user may sign in again.
func (s *Subscriber) OnUnlocked(handler Handler[menjin.Unlocked]) {
	on(s, menjin.TypeUnlocked, handler)
}

// OnSessionEnded is told which sessions answer no more.
func (s *Subscriber) OnSessionEnded(handler Handler[menjin.SessionEnded]) {
	on(s, menjin.TypeSessionEnded, handler)
}

// OnDeleted is told when a user is gone for good.
func (s *Subscriber) OnDeleted(handler Handler[menjin.Deleted]) { on(s, menjin.TypeDeleted, handler) }

// OnWeChat is told of messages that WeChat pushed to a mini-program and on which the service does nothing itself: those of
// one event, by WeChat's name for it in lower case, or all that have no handler of their own for "*".
func (s *Subscriber) OnWeChat(event string, handler Handler[menjin.WeChatPushed]) {
	s.mustNotRun()
	s.handlers.add(wechatTypes + event)
	if event == "*" {
		s.handlers.wechat = typed(handler)
		return
	}
	s.handlers.byType[wechatTypes+event+".v1"] = typed(handler)
}

// OnOther is told of every event for which there is no other handler, kinds and versions that are not known yet included. To
// hear everything, for a journal say, register nothing else.
func (s *Subscriber) OnOther(handler func(ctx context.Context, event menjin.Event[json.RawMessage]) error) {
	s.mustNotRun()
	s.handlers.other = handler
	s.handlers.add("menjin.user.>")
	s.handlers.add("menjin.wechat.>")
}
