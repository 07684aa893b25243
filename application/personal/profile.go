package personal

import (
	"context"
	"errors"
	"fmt"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// TakeProfile takes over the profile that WeChat has of callers.
type TakeProfile struct {
	links *Links
	seals *Seals
	users *update.Users
}

// NewTakeProfile makes the use case.
func NewTakeProfile(links *Links, seals *Seals, users *update.Users) *TakeProfile {
	return &TakeProfile{links, seals, users}
}

// ProfileInput is what wx.getUserInfo gave.
type ProfileInput struct {
	AppID     domain.AppID // empty: as Links finds it
	Data      ports.EncryptedData
	RawData   domain.Secret // with its signature, or neither
	Signature string
}

// Do takes over nickname and avatar, keeps a unionid that was not known, and returns the user. Its errors are those of
// ports.WeChatData, domain.ErrSessionKeyStale, and domain.ErrInvalidArgument with field "app_id".
func (uc *TakeProfile) Do(ctx context.Context, caller account.Caller, in ProfileInput) (*domain.User, error) {
	at, err := uc.links.find(ctx, caller, in.AppID)
	if err != nil {
		return nil, err
	}
	var (
		profile  ports.WeChatProfile
		identity domain.WeChatIdentity
	)
	err = uc.seals.open(ctx, at, func(key domain.SessionKey) error {
		if in.Signature != "" {
			if err := uc.seals.data.CheckSignature(key, in.RawData.Reveal(), in.Signature); err != nil {
				return err
			}
		}
		profile, identity, err = uc.open(at, key, in.Data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open profile: %w", err)
	}
	identity.UnionID = profile.UnionID
	var changed *domain.User
	_, err = uc.users.One(ctx, caller.UserID, nil, func(u *domain.User, c update.Change) ([]domain.Event, error) {
		changed = u
		u.LearnUnionID(identity)
		return u.ChangeProfile(takenFrom(profile), c.Stamp()), nil
	})
	if err != nil {
		return nil, fmt.Errorf("take over profile: %w", err)
	}
	return changed, nil
}

// open finds out whose profile it is of the identities that a caller has in the mini-program.
func (uc *TakeProfile) open(
	at link, key domain.SessionKey, data ports.EncryptedData,
) (profile ports.WeChatProfile, whose domain.WeChatIdentity, err error) {
	for _, whose = range at.identities {
		profile, err = uc.seals.data.OpenProfile(at.app, whose.OpenID, key, data, uc.seals.now())
		if !errors.Is(err, domain.ErrWatermarkMismatch) {
			break
		}
	}
	return profile, whose, err
}

// takenFrom leaves alone what WeChat does not tell.
func takenFrom(profile ports.WeChatProfile) domain.ProfileChange {
	return domain.ProfileChange{
		Nickname:  domain.Change[domain.Nickname]{Given: profile.Nickname != domain.Nickname{}, Value: profile.Nickname},
		AvatarURL: domain.Change[domain.AvatarURL]{Given: profile.AvatarURL != domain.AvatarURL{}, Value: profile.AvatarURL},
	}
}
