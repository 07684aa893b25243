package wechat

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

func encrypted(data, iv string) ports.EncryptedData {
	return ports.EncryptedData{Data: domain.NewSecret(data), IV: iv}
}

var zeroIV = base64.StdEncoding.EncodeToString(make([]byte, aes.BlockSize))

// encrypt encrypts whole blocks with the test's session_key and an iv of zeros.
func encrypt(t testing.TB, blocks []byte) ports.EncryptedData {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(testSessionKey)
	if err != nil {
		t.Fatalf("decode key: %v", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatalf("make cipher: %v", err)
	}
	sealed := make([]byte, len(blocks))
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(sealed, blocks)
	return encrypted(base64.StdEncoding.EncodeToString(sealed), zeroIV)
}

func padded(text string) []byte {
	length := aes.BlockSize - len(text)%aes.BlockSize
	return append([]byte(text), bytes.Repeat([]byte{byte(length)}, length)...)
}

func TestDataThatCannotBeOpenedFailsInOneWay(t *testing.T) {
	t.Parallel()
	sound := padded(fmt.Sprintf(phoneText, testNumber))
	tail := func(change func(last []byte)) ports.EncryptedData {
		blocks := slices.Clone(sound)
		change(blocks[len(blocks)-aes.BlockSize:])
		return encrypt(t, blocks)
	}
	good := encrypt(t, sound)
	for name, test := range map[string]struct {
		key  string
		data ports.EncryptedData
	}{
		"another key":          {"o0q0otL8aEzpcZL/FT9WsQ==", good},
		"no key":               {"", good},
		"short key":            {"dG9vIHNob3J0", good},
		"prefix":               {testSessionKey, encrypted("aaaa"+good.Data.Reveal(), good.IV)},
		"short iv":             {testSessionKey, encrypted(good.Data.Reveal(), base64.StdEncoding.EncodeToString(make([]byte, 15)))},
		"long iv":              {testSessionKey, encrypted(good.Data.Reveal(), base64.StdEncoding.EncodeToString(make([]byte, 32)))},
		"no iv":                {testSessionKey, encrypted(good.Data.Reveal(), "")},
		"no data":              {testSessionKey, encrypted("", good.IV)},
		"not base64":           {testSessionKey, encrypted("!"+good.Data.Reveal(), good.IV)},
		"half a block":         {testSessionKey, encrypted(base64.StdEncoding.EncodeToString(make([]byte, 24)), good.IV)},
		"too much":             {testSessionKey, encrypted(strings.Repeat("AAAA", 22<<10), good.IV)},
		"too much white space": {testSessionKey, encrypted(strings.Repeat(" ", 200<<10)+good.Data.Reveal(), good.IV)},
		"padding of 0":         {testSessionKey, tail(func(last []byte) { last[15] = 0 })},
		"padding of 17":        {testSessionKey, tail(func(last []byte) { last[15] = 17 })},
		"padding of 255":       {testSessionKey, tail(func(last []byte) { last[15] = 255 })},
		"uneven padding":       {testSessionKey, encrypt(t, append(padded(fmt.Sprintf(phoneText, testNumber) + "  ")[:len(sound)-2], 1, 2))},
		"no padding":           {testSessionKey, encrypt(t, []byte(`{"phoneNumber":1}`[:16]))},
		"JSON that breaks off": {testSessionKey, encrypt(t, padded(fmt.Sprintf(phoneText, testNumber)[:100]))},
		"list":                 {testSessionKey, encrypt(t, padded(`[]`))},
		"null":                 {testSessionKey, encrypt(t, padded(`null`))},
		"nothing":              {testSessionKey, encrypt(t, padded(``))},
		"no watermark":         {testSessionKey, encrypt(t, padded(`{"phoneNumber":"`+testNumber+`","purePhoneNumber":"`+testNumber+`","countryCode":"86"}`))},
		"not UTF-8":            {testSessionKey, encrypt(t, padded(strings.Replace(fmt.Sprintf(phoneText, testNumber), "{", "{\"x\":\"\xff\",", 1)))},
		"odd number":           {testSessionKey, encrypt(t, padded(fmt.Sprintf(phoneText, "1")))},
		"two numbers":          {testSessionKey, encrypt(t, padded(strings.Replace(fmt.Sprintf(phoneText, testNumber), testNumber, "13800138000", 1)))},
		"one number":           {testSessionKey, encrypt(t, padded(strings.Replace(fmt.Sprintf(phoneText, testNumber), `"phoneNumber"`, `"phoneNumbes"`, 1)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := dataClient(t, 0)
			phone, err := client.OpenPhone(testApp, sessionKey(test.key), test.data, time.Unix(officialTime, 0))
			client.checkFailure(t, err, domain.ErrDecryptionFailed)
			if want := "open WeChat telephone number: " + domain.ErrDecryptionFailed.Text; err == nil || err.Error() != want || !phone.IsZero() {
				t.Errorf("got %q and error %q, want %q", phone.Reveal(), err, want)
			}
		})
	}
}

func TestPaddingIsOneToSixteen(t *testing.T) {
	t.Parallel()
	for length := range 256 {
		block := bytes.Repeat([]byte{byte(length)}, aes.BlockSize)
		want := length
		if length > aes.BlockSize {
			want = 0
		}
		if got := paddingOf(block); got != want {
			t.Errorf("block of %d: got padding %d, want %d", length, got, want)
		}
		if want > 1 {
			block[aes.BlockSize-want] ^= 1
			if got := paddingOf(block); got != 0 {
				t.Errorf("uneven padding of %d: got %d, want none", length, got)
			}
		}
	}
}
