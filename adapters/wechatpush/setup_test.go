package wechatpush

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/memory"
	"github.com/menjin-id/menjin/application/push"
	"github.com/menjin-id/menjin/application/update"
	"github.com/menjin-id/menjin/domain"
)

// What WeChat's guide uses in its examples.
const (
	officialApp   = domain.AppID("wxba5fad812f8e6fb9")
	officialToken = "AAAAA"
)

const (
	plainApp  = domain.AppID("wx0000000000000001")
	silentApp = domain.AppID("wx0000000000000002")
	openID    = "oaKk343WOktAaT2ygsX138BGblrg"
	sender    = "oaKk346BaWE-eIn4oSRWbaM9vR7s"
)

// officialKey is the guide's: thirty-two bytes of nothing.
var officialKey = domain.NewSecret(strings.Repeat("A", keyLength))

// bundle is a handler and what is behind it. It erases nobody: application/push sees to that.
type bundle struct {
	handler *Handler
	store   *memory.Store
	log     *logText
	now     time.Time
	last    atomic.Uint64
}

type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// setup serves the guide's app in secure mode, one in plain mode with the guide's token, and one that receives nothing.
func setup(t *testing.T, now int64) *bundle {
	t.Helper()
	b := &bundle{
		store: memory.NewStore(memory.EventCodec{}, func() {}, memory.StoreOptions{}), log: &logText{}, now: time.Unix(now, 0).UTC(),
	}
	token := domain.NewSecret(officialToken)
	log := slog.New(slog.NewTextHandler(b.log, nil))
	take := push.NewTake(b.store, update.New(b.store, b.clock, b.newID), b.store, nil, log)
	handler, err := New(take, []App{
		{ID: officialApp, Token: token, AESKey: officialKey}, {ID: plainApp, Token: token}, {ID: silentApp},
	}, b.clock, log)
	if err != nil {
		t.Fatal(err)
	}
	b.handler = handler
	return b
}

func (b *bundle) clock() time.Time { return b.now }

func (b *bundle) newID() (id domain.ID) {
	binary.BigEndian.PutUint64(id[8:], b.last.Add(1))
	return id
}

// person keeps somebody with a nickname.
func (b *bundle) person(t *testing.T, app domain.AppID) domain.UserID {
	t.Helper()
	nickname, err := domain.NewNickname("李雷")
	if err != nil {
		t.Fatal(err)
	}
	open, err := domain.NewOpenID(openID)
	if err != nil {
		t.Fatal(err)
	}
	id := domain.UserID{ID: b.newID()}
	b.store.Put(domain.RestoreUser(domain.UserState{
		ID: id, Nickname: nickname, Status: domain.StatusActive, WeChat: []domain.WeChatIdentity{{AppID: app, OpenID: open}}, Version: 1,
	}))
	return id
}

func (b *bundle) nickname(t *testing.T, id domain.UserID) string {
	t.Helper()
	user, err := b.store.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return user.State().Nickname.String()
}

// names returns the names of the events that were published.
func (b *bundle) names() (names []string) {
	for _, event := range b.store.Events() {
		if pushed, ok := event.Facts.(domain.WeChatPushed); ok {
			names = append(names, pushed.Name)
		}
	}
	return names
}

func (b *bundle) serve(t *testing.T, method string, app domain.AppID, query url.Values, body string) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "/wechat/push/"+string(app)+"?"+query.Encode(), strings.NewReader(body))
	recorder := httptest.NewRecorder()
	b.handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

// post sends a message and checks the answer.
func (b *bundle) post(t *testing.T, app domain.AppID, query url.Values, body string, status int) {
	t.Helper()
	response := b.serve(t, http.MethodPost, app, query, body)
	want := map[int]string{
		http.StatusOK: "success", http.StatusForbidden: "forbidden", http.StatusBadRequest: "malformed message",
		http.StatusInternalServerError: "try again", http.StatusNotFound: "not found", http.StatusRequestEntityTooLarge: "message too large",
	}[status]
	wantAnswer(t, response, status, want)
}

func wantAnswer(t *testing.T, response *http.Response, status int, want string) {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status || string(text) != want {
		t.Errorf("answer: got %d %q, want %d %q", response.StatusCode, text, status, want)
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("content type: got %q, want text/plain", kind)
	}
	if response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("a browser may guess what the answer is")
	}
}

// signed returns the query of a message: signature alone, or msg_signature too where something is covered.
func (b *bundle) signed(nonce string, covered ...string) url.Values {
	return signedAt(b.now.Unix(), nonce, covered...)
}

func signedAt(at int64, nonce string, covered ...string) url.Values {
	p := proof{strconv.FormatInt(at, 10), nonce}
	token := domain.NewSecret(officialToken)
	query := url.Values{"timestamp": {p.timestamp}, "nonce": {p.nonce}, "signature": {p.sign(token)}, "openid": {sender}}
	if len(covered) > 0 {
		query.Set("encrypt_type", "aes")
		query.Set("msg_signature", p.sign(token, covered...))
	}
	return query
}

// seal encrypts as WeChat does.
func (b *box) seal(random, message, receiver string) string {
	text := binary.BigEndian.AppendUint32([]byte(random), uint32(len(message)))
	text = append(append(text, message...), receiver...)
	length := maxPadding - len(text)%maxPadding
	return b.sealRaw(append(text, bytes.Repeat([]byte{byte(length)}, length)...))
}

// sealRaw encrypts whole blocks, whatever they hold.
func (b *box) sealRaw(text []byte) string {
	sealed := make([]byte, len(text)/aes.BlockSize*aes.BlockSize)
	cipher.NewCBCEncrypter(b.block, b.iv).CryptBlocks(sealed, text[:len(sealed)])
	return base64.StdEncoding.EncodeToString(sealed)
}

func (b *bundle) sealed(message string) string {
	return b.handler.apps[officialApp].box.seal("\x00\xff23456789abcdef", message, string(officialApp))
}
