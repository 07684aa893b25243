package portstest

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const (
	sampleApp domain.AppID = "wx0123456789abcdef"
	otherApp  domain.AppID = "wxfedcba9876543210"
)

// newID makes a UUID of version 7.
func newID() domain.ID {
	var id domain.ID
	_, _ = rand.Read(id[:])
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// now tells the time as ports.Clock does.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func stampAt(at time.Time) domain.Stamp { return domain.Stamp{ID: domain.EventID{ID: newID()}, At: at} }

func stamp() domain.Stamp { return stampAt(now()) }

// randomText returns letters and digits that no other sample has.
func randomText() string {
	var raw [8]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// newIdentity makes an identity that nobody has.
func newIdentity(t *testing.T) domain.WeChatIdentity {
	t.Helper()
	return domain.WeChatIdentity{
		AppID:   sampleApp,
		OpenID:  must(domain.NewOpenID("o-" + randomText()))(t),
		UnionID: must(domain.NewUnionID("u-" + randomText()))(t),
	}
}

// newUser makes a user just registered, and the event of it.
func newUser(t *testing.T) (*domain.User, domain.Event) {
	t.Helper()
	return newUserOf(newIdentity(t), now())
}

func newUserOf(identity domain.WeChatIdentity, at time.Time) (*domain.User, domain.Event) {
	return domain.RegisterWithWeChat(domain.UserID{ID: newID()}, identity, stampAt(at))
}

// newPasswordUser makes a user just registered by password, with an e-mail, and the event of it.
func newPasswordUser(t *testing.T) (*domain.User, domain.Event) {
	t.Helper()
	return newUserNamed(t, "Li.Lei-"+randomText(), "Li."+randomText()+"@Example.com")
}

func newUserNamed(t *testing.T, name, email string) (*domain.User, domain.Event) {
	t.Helper()
	return domain.RegisterWithPassword(
		domain.UserID{ID: newID()}, must(domain.NewUsername(name))(t), must(domain.NewEmail(email))(t), samplePasswordHash(), stamp())
}

// samplePasswordHash is of no password anybody knows.
func samplePasswordHash() domain.PasswordHash {
	return domain.PasswordHash{Secret: domain.NewSecret("$argon2id$v=19$m=19456,t=2,p=1$" + randomText() + "$" + randomText())}
}

// newFullState makes a user's state with every field set.
func newFullState(t *testing.T) domain.UserState {
	t.Helper()
	first, second := newIdentity(t), newIdentity(t)
	first.LinkedAt = time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC)
	second.AppID, second.UnionID = otherApp, domain.UnionID{}
	second.LinkedAt = first.LinkedAt.Add(time.Microsecond)
	return domain.UserState{
		ID:           domain.UserID{ID: newID()},
		Username:     must(domain.NewUsername("Li.Lei-李_" + randomText()))(t),
		PasswordHash: samplePasswordHash(),
		Email:        must(domain.NewEmail("Li." + randomText() + "@Example.com"))(t),
		Phone:        newPhone(t),
		Nickname:     must(domain.NewNickname(`韩梅梅 "梅" 🌸'; --`))(t),
		AvatarURL:    must(domain.NewAvatarURL("https://example.com/a.png?size=64&v=%E6%A2%85"))(t),
		Status:       domain.StatusLocked,
		Roles:        []domain.Role{domain.RoleAdmin, domain.RoleSupport, domain.RoleUser},
		WeChat:       []domain.WeChatIdentity{first, second},
		DeleteAt:     time.Date(2026, 12, 7, 23, 59, 59, 1_000, time.UTC),
		Version:      7,
		CreatedAt:    time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC),
		UpdatedAt:    time.Date(2026, 11, 22, 0, 0, 0, 1_000, time.UTC),
	}
}

// must unwraps a constructor whose input is known to be good.
func must[V any](value V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatalf("make sample: %v", err)
		}
		return value
	}
}

// newPhone makes a number that nobody else has.
func newPhone(t *testing.T) domain.Phone {
	t.Helper()
	var random [8]byte
	_, _ = rand.Read(random[:])
	return must(domain.NewPhone(fmt.Sprintf("+86139%08d", binary.BigEndian.Uint64(random[:])%100_000_000)))(t)
}
