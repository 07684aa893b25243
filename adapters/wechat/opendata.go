package wechat

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // WeChat's choice
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// maxAhead is how far WeChat's clock may be ahead of ours.
const maxAhead = 5 * time.Minute

// watermark says whom WeChat gave data, and when.
type watermark struct {
	AppID     string      `json:"appid"`
	Timestamp json.Number `json:"timestamp"` // Unix seconds
}

// check is domain.ErrDecryptionFailed where there is no watermark, since nothing then says that the data is WeChat's.
func (w *watermark) check(app domain.AppID, now time.Time, maxAge time.Duration) error {
	if w == nil {
		return domain.ErrDecryptionFailed
	}
	given, err := w.Timestamp.Int64()
	if err != nil {
		return domain.ErrDecryptionFailed
	}
	// Seconds are compared and not times, which overflow.
	if w.AppID != string(app) || given > now.Add(maxAhead).Unix() || (maxAge > 0 && given < now.Add(-maxAge).Unix()) {
		return domain.ErrWatermarkMismatch
	}
	return nil
}

// OpenPhone reads what an old phone button gave, as ports.WeChatData says.
func (c *Client) OpenPhone(app domain.AppID, key domain.SessionKey, data ports.EncryptedData, now time.Time) (domain.Phone, error) {
	phone, err := c.openPhone(app, key, data, now)
	if err != nil {
		return domain.Phone{}, fmt.Errorf("open WeChat telephone number: %w", err)
	}
	return phone, nil
}

func (c *Client) openPhone(app domain.AppID, key domain.SessionKey, data ports.EncryptedData, now time.Time) (domain.Phone, error) {
	var got phoneInfo
	if err := unseal(key, data, &got); err != nil {
		return domain.Phone{}, err
	}
	if err := got.Watermark.check(app, now, c.maxAge); err != nil {
		return domain.Phone{}, err
	}
	// The number is told twice. Nothing signs the ciphertext, and to change the number in both places takes the key.
	if !strings.HasSuffix(string(got.PhoneNumber), string(got.PurePhoneNumber)) {
		return domain.Phone{}, domain.ErrDecryptionFailed
	}
	phone, err := newPhone(string(got.CountryCode), string(got.PurePhoneNumber))
	if err != nil {
		return domain.Phone{}, domain.ErrDecryptionFailed
	}
	return phone, nil
}

// userInfo is what wx.getUserInfo encrypts.
type userInfo struct {
	OpenID    string     `json:"openId"`
	UnionID   string     `json:"unionId"`
	Nickname  string     `json:"nickName"`
	AvatarURL string     `json:"avatarUrl"`
	Watermark *watermark `json:"watermark"`
}

// OpenProfile reads what wx.getUserInfo gave, as ports.WeChatData says.
func (c *Client) OpenProfile(app domain.AppID, openID domain.OpenID, key domain.SessionKey, data ports.EncryptedData, now time.Time) (ports.WeChatProfile, error) {
	var got userInfo
	err := unseal(key, data, &got)
	if err == nil {
		err = got.Watermark.check(app, now, c.maxAge)
	}
	if err == nil && (openID.IsZero() || !openID.Equal(domain.NewSecret(got.OpenID))) {
		err = domain.ErrWatermarkMismatch
	}
	if err != nil {
		return ports.WeChatProfile{}, fmt.Errorf("open WeChat profile: %w", err)
	}
	return got.profile(), nil
}

// anonymousNickname is everybody's since WeChat gives profiles away no more; a grey picture comes with it.
const anonymousNickname = "微信用户"

// profile leaves out what is not acceptable, and what says nothing of the person.
func (u userInfo) profile() ports.WeChatProfile {
	var profile ports.WeChatProfile
	if u.Nickname == anonymousNickname {
		u.Nickname, u.AvatarURL = "", ""
	}
	if nickname, err := domain.NewNickname(u.Nickname); err == nil {
		profile.Nickname = nickname
	}
	if avatar, err := domain.NewAvatarURL(u.AvatarURL); err == nil {
		profile.AvatarURL = avatar
	}
	if unionID, err := domain.NewUnionID(u.UnionID); err == nil {
		profile.UnionID = unionID
	}
	return profile
}

// CheckSignature compares the signature of raw data, as ports.WeChatData says.
func (c *Client) CheckSignature(key domain.SessionKey, rawData, signature string) error {
	want := sha1.Sum([]byte(rawData + key.Reveal())) //nolint:gosec // WeChat's choice
	got, err := hex.DecodeString(signature)
	// Without a key anybody could sign.
	if err != nil || !isSessionKey(key.Reveal()) || !hmac.Equal(got, want[:]) {
		return fmt.Errorf("check signature of WeChat data: %w", domain.ErrSignatureMismatch)
	}
	return nil
}
