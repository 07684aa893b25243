package portstest

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// WeChatDataParts are what opens data, and data that WeChat gave a mini-program of one person.
type WeChatDataParts struct {
	Data   ports.WeChatData
	MaxAge time.Duration // beyond which data is too old
	App    domain.AppID
	OpenID domain.OpenID
	Key    domain.SessionKey // of 16 bytes in base64
	Given  time.Time         // when all of the data was given

	Phone       ports.EncryptedData
	PhoneTold   domain.Phone
	Profile     ports.EncryptedData
	ProfileTold ports.WeChatProfile
	// Spoiled is data that cannot be opened for reasons other than a key, an IV or a text that was changed. There may be none.
	Spoiled map[string]ports.EncryptedData

	RawData, Signature string
}

// WeChatData is the contract of opening what WeChat encrypted.
func WeChatData(t *testing.T, open func(t *testing.T) WeChatDataParts) {
	t.Helper()
	check(t, open, weChatDataContracts)
}

// wantBoth checks how both kinds of data fail, which must tell nothing.
func (p *WeChatDataParts) wantBoth(t *testing.T, app domain.AppID, now time.Time, want *domain.Error) {
	t.Helper()
	phone, err := p.Data.OpenPhone(app, p.Key, p.Phone, now)
	p.wantPhoneFailure(t, phone, err, want)
	profile, err := p.Data.OpenProfile(app, p.OpenID, p.Key, p.Profile, now)
	p.wantProfileFailure(t, profile, err, want)
}

func (p *WeChatDataParts) wantPhoneFailure(t *testing.T, phone domain.Phone, err error, want *domain.Error) {
	t.Helper()
	if !phone.IsZero() {
		t.Errorf("got number %q, want none", phone.Reveal())
	}
	wantFailure(t, err, want, p.Key.Secret, p.OpenID.Secret, p.PhoneTold.Secret)
}

func (p *WeChatDataParts) wantProfileFailure(t *testing.T, profile ports.WeChatProfile, err error, want *domain.Error) {
	t.Helper()
	if profile != (ports.WeChatProfile{}) {
		t.Errorf("got profile %+v, want none", profile)
	}
	wantFailure(t, err, want, p.Key.Secret, p.OpenID.Secret, p.ProfileTold.UnionID.Secret)
}

// wantOpened checks that both kinds of data can be opened.
func (p *WeChatDataParts) wantOpened(t *testing.T, now time.Time) {
	t.Helper()
	phone, err := p.Data.OpenPhone(p.App, p.Key, p.Phone, now)
	if err != nil || !phone.Equal(p.PhoneTold.Secret) {
		t.Errorf("open phone: got %q, error %v, want %q", phone.Reveal(), err, p.PhoneTold.Reveal())
	}
	profile, err := p.Data.OpenProfile(p.App, p.OpenID, p.Key, p.Profile, now)
	if d := diff(p.ProfileTold, profile); err != nil || d != "" {
		t.Errorf("open profile: error %v (-want +got):\n%s", err, d)
	}
}

var weChatDataContracts = []contract[WeChatDataParts]{
	{"data is opened at once and at the age allowed", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		p.wantOpened(t, p.Given)
		p.wantOpened(t, p.Given.Add(p.MaxAge))
	}},
	{"data too old or from the future is a mismatch", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		p.wantBoth(t, p.App, p.Given.Add(p.MaxAge+time.Second), domain.ErrWatermarkMismatch)
		p.wantBoth(t, p.App, p.Given.Add(-24*time.Hour), domain.ErrWatermarkMismatch)
	}},
	{"data of another mini-program is a mismatch", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		p.wantBoth(t, "wxffffffffffffffff", p.Given, domain.ErrWatermarkMismatch)
		p.wantBoth(t, "", p.Given, domain.ErrWatermarkMismatch)
	}},
	{"the profile of another person is a mismatch", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		for _, openID := range []domain.OpenID{newIdentity(t).OpenID, {}} {
			profile, err := p.Data.OpenProfile(p.App, openID, p.Key, p.Profile, p.Given)
			p.wantProfileFailure(t, profile, err, domain.ErrWatermarkMismatch)
		}
	}},
	{"a profile is no number and a number no profile", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		if phone, err := p.Data.OpenPhone(p.App, p.Key, p.Profile, p.Given); err == nil {
			t.Errorf("got number %q, want an error", phone.Reveal())
		}
		if profile, err := p.Data.OpenProfile(p.App, p.OpenID, p.Key, p.Phone, p.Given); err == nil {
			t.Errorf("got profile %+v, want an error", profile)
		}
	}},
	{"whatever cannot be opened fails with one text", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		phones, profiles := map[string]string{}, map[string]string{}
		for name, sealed := range p.unopenable() {
			t.Run(name, func(t *testing.T) {
				phone, err := p.Data.OpenPhone(p.App, sealed.key, sealed.data, p.Given)
				p.wantPhoneFailure(t, phone, err, domain.ErrDecryptionFailed)
				phones[fmt.Sprint(err)] = name
				profile, err := p.Data.OpenProfile(p.App, p.OpenID, sealed.key, sealed.data, p.Given)
				p.wantProfileFailure(t, profile, err, domain.ErrDecryptionFailed)
				profiles[fmt.Sprint(err)] = name
			})
		}
		if len(phones) != 1 || len(profiles) != 1 {
			t.Errorf("got texts %v of numbers and %v of profiles, want one of each", phones, profiles)
		}
	}},
	{"a signature is that of the text under the key", func(t *testing.T, _ context.Context, p WeChatDataParts) {
		if err := p.Data.CheckSignature(p.Key, p.RawData, p.Signature); err != nil {
			t.Errorf("check signature: %v", err)
		}
		other := domain.SessionKey{Secret: domain.NewSecret(base64.StdEncoding.EncodeToString([]byte(randomText())))}
		for name, err := range map[string]error{
			"longer text":   p.Data.CheckSignature(p.Key, p.RawData+" ", p.Signature),
			"no text":       p.Data.CheckSignature(p.Key, "", p.Signature),
			"no signature":  p.Data.CheckSignature(p.Key, p.RawData, ""),
			"cut signature": p.Data.CheckSignature(p.Key, p.RawData, p.Signature[:len(p.Signature)-2]),
			"hostile":       p.Data.CheckSignature(p.Key, p.RawData, "\xff"+p.Signature),
			"another key":   p.Data.CheckSignature(other, p.RawData, p.Signature),
			"no key":        p.Data.CheckSignature(domain.SessionKey{}, p.RawData, p.Signature),
			"nothing":       p.Data.CheckSignature(domain.SessionKey{}, "", ""),
		} {
			t.Run(name, func(t *testing.T) { wantFailure(t, err, domain.ErrSignatureMismatch, p.Key.Secret) })
		}
	}},
}
