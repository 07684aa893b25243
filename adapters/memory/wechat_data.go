package memory

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// maxAhead is how far the clock by which data was given may be ahead.
const maxAhead = 5 * time.Minute

// WeChatData is a ports.WeChatData that opens what OpenData.Seal made.
type WeChatData struct {
	outage
	maxAge time.Duration
}

// NewWeChatData returns WeChatData for which older data is too old; 0 means that none is.
func NewWeChatData(maxAge time.Duration) *WeChatData { return &WeChatData{maxAge: maxAge} }

// OpenPhone is part of ports.WeChatData.
func (w *WeChatData) OpenPhone(app domain.AppID, key domain.SessionKey, data ports.EncryptedData, now time.Time) (domain.Phone, error) {
	opened, err := w.open(app, key, data, now)
	if err != nil {
		return domain.Phone{}, err
	}
	phone, err := domain.NewPhone(opened.Phone)
	if err != nil {
		return domain.Phone{}, domain.ErrDecryptionFailed
	}
	return phone, nil
}

// OpenProfile is part of ports.WeChatData.
func (w *WeChatData) OpenProfile(
	app domain.AppID, openID domain.OpenID, key domain.SessionKey, data ports.EncryptedData, now time.Time,
) (profile ports.WeChatProfile, err error) {
	opened, err := w.open(app, key, data, now)
	if err != nil {
		return profile, err
	}
	if openID.IsZero() || opened.OpenID != openID.Reveal() {
		return profile, domain.ErrWatermarkMismatch
	}
	// What is not acceptable is zero.
	profile.Nickname, _ = domain.NewNickname(opened.Nickname)
	profile.AvatarURL, _ = domain.NewAvatarURL(opened.AvatarURL)
	profile.UnionID, _ = domain.NewUnionID(opened.UnionID)
	return profile, nil
}

// open takes an IV that does not belong to key and data for a wrong key.
func (w *WeChatData) open(app domain.AppID, key domain.SessionKey, data ports.EncryptedData, now time.Time) (opened OpenData, err error) {
	if err := w.down(context.Background()); err != nil {
		return opened, err
	}
	text, err := base64.StdEncoding.DecodeString(data.Data.Reveal())
	if err != nil || key.IsZero() || data.IV != SignWithSessionKey(key, data.Data.Reveal()) || json.Unmarshal(text, &opened) != nil {
		return opened, domain.ErrDecryptionFailed
	}
	tooOld := w.maxAge > 0 && opened.GivenAt.Before(now.Add(-w.maxAge))
	if opened.App != app || tooOld || opened.GivenAt.After(now.Add(maxAhead)) {
		return opened, domain.ErrWatermarkMismatch
	}
	return opened, nil
}

// CheckSignature is part of ports.WeChatData. The signatures are those of SignWithSessionKey.
func (w *WeChatData) CheckSignature(key domain.SessionKey, rawData, signature string) error {
	if err := w.down(context.Background()); err != nil {
		return err
	}
	if key.IsZero() || signature != SignWithSessionKey(key, rawData) {
		return domain.ErrSignatureMismatch
	}
	return nil
}

// OpenData is what WeChat gives a mini-program: whom and when, and of whom; then a telephone number or a profile.
type OpenData struct {
	App     domain.AppID
	GivenAt time.Time
	OpenID  string // empty with a telephone number

	Phone                        string
	Nickname, AvatarURL, UnionID string
}

// Seal makes data that WeChatData opens with this key alone. It is no encryption.
func (d OpenData) Seal(key domain.SessionKey) ports.EncryptedData {
	text, _ := json.Marshal(d) // nothing in it cannot be encoded
	data := base64.StdEncoding.EncodeToString(text)
	return ports.EncryptedData{Data: domain.NewSecret(data), IV: SignWithSessionKey(key, data)}
}

// SignWithSessionKey makes the signature that WeChatData wants of raw data.
func SignWithSessionKey(key domain.SessionKey, rawData string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = mac.Write([]byte(rawData))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)[:16])
}
