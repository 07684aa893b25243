package wechatsandbox_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeChat's choice
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

const (
	pushToken = "push-token"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// received is one request at the inbox.
type received struct {
	method string
	query  url.Values
	body   string
}

// inbox is a server that messages are pushed to.
type inbox struct {
	URL string

	mu   sync.Mutex
	mail []received
}

// receive answers "success", or what answer says to the request of a number that begins at 1.
func receive(t *testing.T, answer func(number int, w http.ResponseWriter, r *http.Request)) *inbox {
	t.Helper()
	in := &inbox{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read push: %v", err)
		}
		in.mu.Lock()
		in.mail = append(in.mail, received{r.Method, r.URL.Query(), string(body)})
		number := len(in.mail)
		in.mu.Unlock()
		if answer == nil {
			_, _ = io.WriteString(w, "success")
			return
		}
		answer(number, w, r)
	}))
	t.Cleanup(server.Close)
	in.URL = server.URL + "/push?kept=yes"
	return in
}

func (in *inbox) all() []received {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.mail)
}

// only returns the one request there was.
func (in *inbox) only(t *testing.T) received {
	t.Helper()
	all := in.all()
	if len(all) != 1 {
		t.Fatalf("got %d requests, want 1", len(all))
	}
	return all[0]
}

func sum(parts ...string) string {
	slices.Sort(parts)
	digest := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's choice
	return hex.EncodeToString(digest[:])
}

// signed tells whether the query, and the encrypted part unless empty, are signed with the token.
func (r received) signed(encrypted string) bool {
	timestamp, nonce := r.query.Get("timestamp"), r.query.Get("nonce")
	if encrypted != "" && r.query.Get("msg_signature") != sum(pushToken, timestamp, nonce, encrypted) {
		return false
	}
	return r.query.Get("signature") == sum(pushToken, timestamp, nonce)
}

// fields reads JSON or XML.
func fields(t *testing.T, body string) map[string]string {
	t.Helper()
	out := map[string]string{}
	if strings.HasPrefix(body, "{") {
		var raw map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &raw); err != nil {
			t.Fatalf("message %q: %v", body, err)
		}
		for key, value := range raw {
			out[key] = strings.Trim(string(value), `"`)
		}
		return out
	}
	var message struct {
		Fields []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(body), &message); err != nil {
		t.Fatalf("message %q: %v", body, err)
	}
	for _, f := range message.Fields {
		out[f.XMLName.Local] = strings.TrimSpace(f.Text)
	}
	return out
}

// decrypt returns the message and whom it is meant for.
func decrypt(t *testing.T, encrypted string) (message, receiver string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(pushKey + "=")
	if err != nil {
		t.Fatalf("decode key: %v", err)
	}
	text, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(text) == 0 || len(text)%32 != 0 {
		t.Fatalf("encrypted part: got %d bytes (%v), want blocks of 32", len(text), err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatalf("make cipher: %v", err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(text, text)
	n := int(text[len(text)-1])
	if n < 1 || n > 32 || !bytes.Equal(text[len(text)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		t.Fatalf("padding of %d is wrong", n)
	}
	text = text[16 : len(text)-n]
	length := binary.BigEndian.Uint32(text)
	return string(text[4 : 4+length]), string(text[4+length:])
}

// push sends a message about alice to the inbox and expects that it can be sent.
func (b *bundle) push(t *testing.T, in *inbox, p wechatsandbox.Push) wechatsandbox.PushReport {
	t.Helper()
	p.URL, p.Token, p.Person = in.URL, pushToken, "alice"
	report, err := b.Push(t.Context(), p)
	if err != nil {
		t.Fatalf("push: %v", err)
	}
	return report
}
