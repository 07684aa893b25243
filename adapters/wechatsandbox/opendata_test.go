package wechatsandbox_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeChat's choice
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

var errOpen = errors.New("does not decrypt")

type opened struct {
	OpenID, NickName, UnionID string
	PurePhoneNumber           string
	Watermark                 struct {
		Timestamp int64
		AppID     string
	}
}

// openData does what a careful server does.
func openData(sessionKey string, data wechatsandbox.EncryptedData) (opened, error) {
	key, err := base64.StdEncoding.DecodeString(sessionKey)
	if err != nil {
		return opened{}, err
	}
	iv, err := base64.StdEncoding.DecodeString(data.IV)
	if err != nil || len(iv) != aes.BlockSize {
		return opened{}, errOpen
	}
	text, err := base64.StdEncoding.DecodeString(data.EncryptedData)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return opened{}, errOpen
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return opened{}, err
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	n := int(text[len(text)-1])
	if n == 0 || n > aes.BlockSize || !bytes.Equal(text[len(text)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return opened{}, errOpen
	}
	var out opened
	return out, json.Unmarshal(text[:len(text)-n], &out)
}

func TestEncryptedDataOpensWithTheSessionKey(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	s := b.exchange(t, b.Code(t, "alice"))
	got, err := openData(s.SessionKey, b.Data(t, wechatsandbox.DataOrder{Person: "alice"}))
	if err != nil || got.PurePhoneNumber != b.PhoneNumber("alice") || got.Watermark.AppID != wechatsandbox.DemoAppID ||
		got.Watermark.Timestamp != b.clock.Now().Unix() {
		t.Errorf("phone: got %+v, %v, want the number of alice", got, err)
	}
	data := b.Data(t, wechatsandbox.DataOrder{Person: "alice", Kind: wechatsandbox.DataUserInfo})
	got, err = openData(s.SessionKey, data)
	if err != nil || got.OpenID != s.OpenID || got.UnionID != s.UnionID || got.NickName != "微信用户" || got.Watermark.AppID != wechatsandbox.DemoAppID {
		t.Errorf("user info: got %+v, %v, want that of alice", got, err)
	}
	sum := sha1.Sum([]byte(data.RawData + s.SessionKey)) //nolint:gosec // WeChat's choice
	if want := hex.EncodeToString(sum[:]); data.Signature != want || data.RawData == "" {
		t.Errorf("signature of %q: got %s, want %s", data.RawData, data.Signature, want)
	}
}

func TestFaultyDataIsFaultyInItsWay(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.Code(t, "alice") // a login whose key is stale by the next
	b.clock.Advance(time.Minute)
	s, now := b.exchange(t, b.Code(t, "alice")), b.clock.Now()
	fails := func(_ opened, err error) bool { return err != nil }
	for fault, holds := range map[wechatsandbox.DataFault]func(opened, error) bool{
		wechatsandbox.DataStaleKey:      fails,
		wechatsandbox.DataOtherPerson:   fails,
		wechatsandbox.DataBrokenJSON:    fails,
		wechatsandbox.DataBrokenPadding: fails,
		wechatsandbox.DataTruncated:     fails,
		wechatsandbox.DataShortIV:       fails,
		wechatsandbox.DataOtherOpenID:   func(o opened, err error) bool { return err == nil && o.OpenID != s.OpenID },
		wechatsandbox.DataWrongApp: func(o opened, err error) bool {
			return err == nil && o.Watermark.AppID != wechatsandbox.DemoAppID && o.Watermark.AppID != ""
		},
		wechatsandbox.DataNoWatermark: func(o opened, err error) bool { return err == nil && o.Watermark.AppID == "" },
		wechatsandbox.DataOld: func(o opened, err error) bool {
			return err == nil && o.Watermark.Timestamp == now.Add(-24*time.Hour).Unix()
		},
		wechatsandbox.DataFuture: func(o opened, err error) bool {
			return err == nil && o.Watermark.Timestamp == now.Add(24*time.Hour).Unix()
		},
		wechatsandbox.DataWrongSignature: func(_ opened, err error) bool { return err == nil },
	} {
		data := b.Data(t, wechatsandbox.DataOrder{Person: "alice", Kind: wechatsandbox.DataUserInfo, Fault: fault})
		if got, err := openData(s.SessionKey, data); !holds(got, err) {
			t.Errorf("%s: got %+v, %v", fault, got, err)
		}
		sum := sha1.Sum([]byte(data.RawData + s.SessionKey)) //nolint:gosec // WeChat's choice
		if fault == wechatsandbox.DataWrongSignature && data.Signature == hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the signature is right", fault)
		}
	}
}

func TestDataIsEncryptedByHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	s := b.exchange(t, b.Code(t, "alice"))
	var data wechatsandbox.EncryptedData
	b.order(t, http.MethodPost, "/_sandbox/encrypted_data", `{"person":"alice","kind":"phone","phone":{"number":"51234567","country_code":"852"}}`, &data)
	if got, err := openData(s.SessionKey, data); err != nil || got.PurePhoneNumber != "51234567" {
		t.Errorf("got %+v, %v, want the number asked for", got, err)
	}
}

func TestImpossibleDataIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{SessionKeyTTL: time.Hour})
	b.Code(t, "old")
	b.clock.Advance(time.Hour)
	b.Code(t, "alice")
	for name, test := range map[string]struct {
		order wechatsandbox.DataOrder
		want  error
	}{
		"never logged in": {wechatsandbox.DataOrder{Person: "nobody"}, wechatsandbox.ErrNoSessionKey},
		"expired key":     {wechatsandbox.DataOrder{Person: "old"}, wechatsandbox.ErrNoSessionKey},
		"unknown app":     {wechatsandbox.DataOrder{AppID: "wx-none"}, wechatsandbox.ErrUnknownApp},
		"bad person":      {wechatsandbox.DataOrder{Person: "a\n"}, wechatsandbox.ErrBadPerson},
		"bad phone":       {wechatsandbox.DataOrder{Person: "alice", Phone: wechatsandbox.Phone{Number: "x"}}, wechatsandbox.ErrBadPhone},
		"unknown kind":    {wechatsandbox.DataOrder{Person: "alice", Kind: "x"}, nil},
		"unknown fault":   {wechatsandbox.DataOrder{Person: "alice", Fault: "x"}, nil},
		"useless fault":   {wechatsandbox.DataOrder{Person: "alice", Fault: wechatsandbox.DataOtherOpenID}, nil},
	} {
		got, err := b.EncryptedData(test.order)
		if err == nil || test.want != nil && !errors.Is(err, test.want) || got != (wechatsandbox.EncryptedData{}) {
			t.Errorf("%s: got %+v, %v, want an error (%v) alone", name, got, err, test.want)
		}
	}
}

func TestWeChatVouchesForPhoneDataForThreeDays(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	b.Code(t, "alice")
	hash := func(data wechatsandbox.EncryptedData) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(data.EncryptedData)))
	}
	phone := hash(b.Data(t, wechatsandbox.DataOrder{Person: "alice"}))
	info := hash(b.Data(t, wechatsandbox.DataOrder{Person: "alice", Kind: wechatsandbox.DataUserInfo}))
	ask := func(hash string) string {
		query := url.Values{"access_token": {b.stable(t, false).AccessToken}}
		_, body := b.send(t, http.MethodPost, b.URL+"/wxa/business/checkencryptedmsg?"+query.Encode(), `{"encrypted_msg_hash":"`+hash+`"}`)
		return body
	}
	want := fmt.Sprintf(`{"errcode":0,"errmsg":"ok","vaild":true,"create_time":%d}`, b.clock.Now().Unix())
	if got := ask(phone); got != want {
		t.Errorf("phone data: got %s, want %s", got, want)
	}
	for name, test := range map[string]struct{ hash, want string }{
		"user info": {info, `{"errcode":1,`}, "no hash": {"x", `{"errcode":40097,`},
	} {
		if got := ask(test.hash); !bytes.HasPrefix([]byte(got), []byte(test.want)) {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	b.clock.Advance(72 * time.Hour)
	if got := ask(phone); !bytes.HasPrefix([]byte(got), []byte(`{"errcode":1,`)) {
		t.Errorf("after three days: got %s, want errcode 1", got)
	}
}
