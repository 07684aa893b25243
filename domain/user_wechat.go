package domain

import "slices"

// LinkWeChat adds a way to sign in. It returns no event for an identity the user has already.
func (u *User) LinkWeChat(identity WeChatIdentity, stamp Stamp) []Event {
	if u.LearnUnionID(identity) || u.identityIndex(identity) >= 0 {
		return nil
	}
	identity.LinkedAt = stamp.At
	u.state.WeChat = append(u.state.WeChat, identity)
	return []Event{u.record(stamp, WeChatLinked{AppID: identity.AppID})}
}

// UnlinkWeChat takes the user's identities in a mini-program away. It is ErrNotFound when there is none, and
// ErrLastCredential when the user could sign in no more.
func (u *User) UnlinkWeChat(app AppID, stamp Stamp) (Event, error) {
	rest := slices.DeleteFunc(slices.Clone(u.state.WeChat), func(i WeChatIdentity) bool { return i.AppID == app })
	if len(rest) == len(u.state.WeChat) {
		return Event{}, ErrNotFound
	}
	if len(rest) == 0 && u.state.PasswordHash.IsZero() {
		return Event{}, ErrLastCredential
	}
	u.state.WeChat = rest
	return u.record(stamp, WeChatUnlinked{AppID: app}), nil
}

// LearnUnionID keeps a unionid that WeChat gives late, or gives anew after the mini-program was bound to another Open
// Platform account, and reports whether it was news. It is no change that anybody is told of.
func (u *User) LearnUnionID(identity WeChatIdentity) bool {
	i := u.identityIndex(identity)
	if i < 0 || identity.UnionID.IsZero() || u.state.WeChat[i].UnionID.Equal(identity.UnionID.Secret) {
		return false
	}
	u.state.WeChat = slices.Clone(u.state.WeChat)
	u.state.WeChat[i].UnionID = identity.UnionID
	return true
}

// NeedsUnionID reports whether LearnUnionID would learn something.
func (u *User) NeedsUnionID(identity WeChatIdentity) bool {
	i := u.identityIndex(identity)
	return i >= 0 && !identity.UnionID.IsZero() && !u.state.WeChat[i].UnionID.Equal(identity.UnionID.Secret)
}

func (u *User) identityIndex(identity WeChatIdentity) int {
	return slices.IndexFunc(u.state.WeChat, func(i WeChatIdentity) bool {
		return i.AppID == identity.AppID && i.OpenID.Equal(identity.OpenID.Secret)
	})
}

// Merge makes one user of two that are one person: the one registered earlier is kept and returned, with the identities of
// both, and what the other had of username, password, e-mail, phone, nickname and avatar where it had none. The other is left
// with nothing and is to be removed. Each of the two has an event of its own. A locked user is not merged (ErrAccountLocked),
// so that nobody gets around a lock; two that are one already are ErrInvalidArgument, and so is one who waits for deletion: that
// is theirs alone to take back, and their data would go to somebody whom nobody deletes. Roles are not taken over: they are
// granted to an account by somebody who knew it.
func Merge(a, b *User, stampA, stampB Stamp) (kept, absorbed *User, events []Event, err error) {
	if a.ID() == b.ID() {
		return nil, nil, nil, Invalid(Violation{Field: "token", Rule: "same", Text: "belongs to the same account"})
	}
	for _, user := range []*User{a, b} {
		if err := user.CheckSignIn(); err != nil {
			return nil, nil, nil, err
		}
		if user.WaitsForDeletion() {
			return nil, nil, nil, Invalid(Violation{Field: "token", Rule: "enum", Text: "belongs to an account that waits for its deletion"})
		}
	}
	kept, absorbed = a, b
	if b.state.CreatedAt.Before(a.state.CreatedAt) {
		kept, absorbed = b, a
	}
	kept.takeOver(&absorbed.state)
	facts := Merged{Kept: kept.ID(), Absorbed: absorbed.ID()}
	return kept, absorbed, []Event{kept.record(stampA, facts), absorbed.record(stampB, facts)}, nil
}

func (u *User) takeOver(from *UserState) {
	to := &u.state
	to.WeChat = append(slices.Clone(to.WeChat), from.WeChat...)
	slices.SortStableFunc(to.WeChat, func(a, b WeChatIdentity) int { return a.LinkedAt.Compare(b.LinkedAt) })
	// A password belongs to its username: the two go together or not at all.
	if to.PasswordHash.IsZero() && to.Username == (Username{}) {
		to.Username, to.PasswordHash = from.Username, from.PasswordHash
		from.Username, from.PasswordHash = Username{}, PasswordHash{}
	}
	if to.Email.IsZero() {
		to.Email, from.Email = from.Email, Email{}
	}
	if to.Phone.IsZero() {
		to.Phone, from.Phone = from.Phone, Phone{}
	}
	if to.Nickname == (Nickname{}) {
		to.Nickname = from.Nickname
	}
	if to.AvatarURL == (AvatarURL{}) {
		to.AvatarURL = from.AvatarURL
	}
	from.WeChat = nil
}
