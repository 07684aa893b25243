package wechat

import (
	"bytes"
	"crypto/aes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
)

func FuzzOpenData(f *testing.F) {
	good := encrypt(f, padded(fmt.Sprintf(phoneText, testNumber)))
	f.Add(officialData, officialIV, testSessionKey)
	f.Add(good.Data.Reveal(), good.IV, testSessionKey)
	f.Add("aaaa"+officialData, officialIV, testSessionKey)
	f.Add(" \n"+officialData, "\t"+officialIV, testSessionKey)
	f.Add("", "", "")
	client := dataClient(f, time.Hour)
	now := time.Unix(officialTime, 0)
	f.Fuzz(func(t *testing.T, data, iv, key string) {
		_, err := client.OpenPhone(testApp, sessionKey(key), encrypted(data, iv), now)
		wantAllowed(t, err)
		_, err = client.OpenProfile(officialApp, openID(officialOpenID), sessionKey(key), encrypted(data, iv), now)
		wantAllowed(t, err)
	})
}

func wantAllowed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, domain.ErrDecryptionFailed) && !errors.Is(err, domain.ErrWatermarkMismatch) {
		t.Errorf("got error %v", err)
	}
}

// FuzzOpenText gets past the key, to what a hostile holder of it could encrypt.
func FuzzOpenText(f *testing.F) {
	f.Add(padded(fmt.Sprintf(phoneText, testNumber)))
	f.Add(padded(`{"openId":"` + testOpenID + `","nickName":"a","watermark":{"timestamp":1477314187,"appid":"` + string(testApp) + `"}}`))
	f.Add(padded(`{"watermark":{"timestamp":-9223372036854775808,"appid":"` + string(testApp) + `"}}`))
	f.Add(padded(`{"watermark":{"timestamp":1e99}}`))
	f.Add(bytes.Repeat([]byte{16}, aes.BlockSize))
	client := dataClient(f, time.Hour)
	now := time.Unix(officialTime, 0)
	f.Fuzz(func(t *testing.T, blocks []byte) {
		data := encrypt(t, blocks[:len(blocks)/aes.BlockSize*aes.BlockSize])
		phone, err := client.OpenPhone(testApp, sessionKey(testSessionKey), data, now)
		wantAllowed(t, err)
		if (err == nil) == phone.IsZero() {
			t.Errorf("got number %q and error %v", phone.Reveal(), err)
		}
		_, err = client.OpenProfile(testApp, openID(testOpenID), sessionKey(testSessionKey), data, now)
		wantAllowed(t, err)
	})
}
