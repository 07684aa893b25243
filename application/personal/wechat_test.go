package personal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// dataAge is how old encrypted data may be.
const dataAge = time.Hour

// sealPhone is what an old phone button gives a person.
func sealPhone(p person, number string) ports.EncryptedData {
	return memory.OpenData{App: app, GivenAt: start, Phone: number}.Seal(p.key)
}

// sealProfile is what wx.getUserInfo gives a person.
func sealProfile(p person, nickname, unionID string) ports.EncryptedData {
	return memory.OpenData{App: app, GivenAt: start, OpenID: p.openID.Reveal(), Nickname: nickname, UnionID: unionID}.Seal(p.key)
}

// replaceKey lets WeChat forget the session_key that a person has in app.
func (b *bundle) replaceKey(p person) {
	b.keys.Use(app, p.openID, domain.SessionKey{Secret: domain.NewSecret("newer")})
}

func (b *bundle) wantCodes(t *testing.T, want int) {
	t.Helper()
	if got := b.phones.Calls(); got != want {
		t.Errorf("codes sent: got %d, want %d: each is paid for", got, want)
	}
}

func (b *bundle) wantResets(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, openID := range b.keys.Resets() {
		got = append(got, openID.Reveal())
	}
	if !slices.Equal(got, want) {
		t.Errorf("keys reset of %v, want %v", got, want)
	}
}
