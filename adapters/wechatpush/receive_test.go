package wechatpush

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const cleaned = `{"MsgType":"event","Event":"user_info_modified","FromUserName":"` + sender + `","CreateTime":1714112445,"openid":"` + openID + `"}`

func TestMessagesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	forms := map[string]string{
		"JSON": cleaned,
		"JSON of the guide": `{"ToUserName":"gh_1", "FromUserName": "` + sender + `", "CreateTime": 1627359464, "MsgType": "event",
			"Event": "user_info_modified", " OpenID": "` + openID + `", " AppID": "APPID",
			}`,
		"XML": `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>1714112445</CreateTime><MsgType><![CDATA[event]]></MsgType>
			<Event>user_info_modified</Event><OpenID><![CDATA[` + openID + `]]></OpenID><AppID><![CDATA[APPID]]></AppID></xml>`,
		"XML with space around": "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n <MsgType> <![CDATA[event]]> </MsgType>\n" +
			" <Event>\n<![CDATA[user_info_modified]]>\n</Event><openid> <![CDATA[" + openID + "]]></openid>\n</xml>\n",
		"said twice": `{"MsgType":"event","Event":"user_info_modified","OpenID":"` + openID + `","openid":"` + openID + `"}`,
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, app := range []domain.AppID{plainApp, officialApp} {
				b := setup(t, 1714112445)
				id := b.person(t, app)
				form := strings.ReplaceAll(form, "APPID", string(app))
				if app == plainApp {
					b.post(t, app, b.signed("n-1"), form, http.StatusOK)
				} else {
					sealed := b.sealed(form)
					b.post(t, app, b.signed("n-1", sealed), `{"Encrypt":"`+sealed+`"}`, http.StatusOK)
				}
				if got := b.nickname(t, id); got != "" {
					t.Errorf("%s: nickname: got %q, want none", app, got)
				}
			}
		})
	}
}

func TestPlainMessageIsRefusedWhereEncryptionIsAgreed(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, officialApp)
	for i, body := range []string{
		cleaned, strings.TrimSuffix(cleaned, "}") + `,"Encrypt":""}`, strings.TrimSuffix(cleaned, "}") + `,"Encrypt":{"a":"b"}}`, "", "x",
	} {
		query := b.signed(fmt.Sprintf("n-%d", i), "")
		b.post(t, officialApp, query, body, http.StatusForbidden)
		query.Del("msg_signature")
		b.post(t, officialApp, query, body, http.StatusForbidden)
	}
	if got := b.nickname(t, id); got == "" {
		t.Error("a plain message had an effect")
	}
}

func TestEncryptedContentCountsInCompatibleMode(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, officialApp)
	sealed := b.sealed(`{"MsgType":"event","Event":"debug_demo"}`)
	b.post(t, officialApp, b.signed("n-1", sealed), strings.TrimSuffix(cleaned, "}")+`,"Encrypt":"`+sealed+`"}`, http.StatusOK)
	if got := b.names(); len(got) != 1 || b.nickname(t, id) == "" {
		t.Errorf("published: got %v, want what was encrypted, and nothing of the rest", got)
	}
}

func TestMessagesThatCannotBeBelievedAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		app    domain.AppID
		body   string
		status int
	}{
		"no message":               {plainApp, "", http.StatusBadRequest},
		"two values":               {plainApp, cleaned + cleaned, http.StatusBadRequest},
		"an array":                 {plainApp, "[" + cleaned + "]", http.StatusBadRequest},
		"two openids":              {plainApp, `{"MsgType":"event","Event":"user_info_modified","OpenID":"a","openid":"b"}`, http.StatusBadRequest},
		"two events":               {plainApp, `<xml><Event>a</Event><Event>b</Event></xml>`, http.StatusBadRequest},
		"openid that is no text":   {plainApp, `{"MsgType":"event","OpenID":{"a":1}}`, http.StatusBadRequest},
		"another mini-program":     {plainApp, `{"MsgType":"event","Event":"debug_demo","AppID":"wx-other"}`, http.StatusForbidden},
		"document type":            {plainApp, `<!DOCTYPE xml [<!ENTITY a "b">]><xml><Event>&a;</Event></xml>`, http.StatusBadRequest},
		"document type within":     {plainApp, `<xml><!DOCTYPE x><Event>a</Event></xml>`, http.StatusBadRequest},
		"entity":                   {plainApp, `<xml><Event>&a;</Event></xml>`, http.StatusBadRequest},
		"another encoding":         {plainApp, `<?xml version="1.0" encoding="GBK"?><xml><Event>a</Event></xml>`, http.StatusBadRequest},
		"text beside the element":  {plainApp, `<xml><Event>a</Event></xml>x`, http.StatusBadRequest},
		"two elements":             {plainApp, `<xml><Event>a</Event></xml><xml/>`, http.StatusBadRequest},
		"element that ends never":  {plainApp, `<xml><Event>a</Event>`, http.StatusBadRequest},
		"deep XML":                 {plainApp, strings.Repeat("<a>", 9000) + strings.Repeat("</a>", 9000), http.StatusBadRequest},
		"deep JSON":                {plainApp, strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000), http.StatusBadRequest},
		"deep arrays":              {plainApp, `{"a":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}", http.StatusBadRequest},
		"too much":                 {plainApp, cleaned + strings.Repeat(" ", maxBody), http.StatusRequestEntityTooLarge},
		"encrypted without a key":  {plainApp, `{"ToUserName":"gh_1","Encrypt":"` + officialEncrypted + `"}`, http.StatusForbidden},
		"encrypted, and no JSON":   {officialApp, "hello", http.StatusBadRequest},
		"encrypted, for another":   {officialApp, `{"MsgType":"event","Event":"debug_demo","appid":"wx-other"}`, http.StatusForbidden},
		"encrypted, and ambiguous": {officialApp, `{"MsgType":"event","msgtype":"text"}`, http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1714112445)
			id := b.person(t, test.app)
			if test.app == officialApp {
				sealed := b.sealed(test.body)
				b.post(t, test.app, b.signed("n-1", sealed), `{"Encrypt":"`+sealed+`"}`, test.status)
			} else {
				b.post(t, test.app, b.signed("n-1"), test.body, test.status)
			}
			if len(b.store.Events()) != 0 || b.nickname(t, id) == "" {
				t.Error("a refused message had an effect")
			}
		})
	}
}

func TestForgedSignatureIsRefusedUnread(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	query := b.signed("n-1")
	query.Set("signature", strings.Repeat("0", 40))
	b.post(t, plainApp, query, strings.Repeat("x", maxBody+1), http.StatusForbidden)
	sealed := b.sealed(cleaned)
	query = b.signed("n-1", sealed)
	b.post(t, officialApp, query, `{"Encrypt":"`+b.sealed(cleaned+" ")+`"}`, http.StatusForbidden)
	query.Set("nonce", "n-2")
	b.post(t, officialApp, query, `{"Encrypt":"`+sealed+`"}`, http.StatusForbidden)
}

func TestFailureAsksWeChatToTryAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714112445)
	id := b.person(t, plainApp)
	query := b.signed("n-1")
	b.store.Break(domain.ErrUnavailable)
	b.post(t, plainApp, query, cleaned, http.StatusInternalServerError)
	b.store.Break(nil)
	b.post(t, plainApp, query, cleaned, http.StatusOK)
	if got := b.nickname(t, id); got != "" {
		t.Errorf("nickname: got %q, want none", got)
	}
	if log := b.log.String(); !strings.Contains(log, "level=ERROR") || strings.Contains(log, openID) {
		t.Errorf("log: got %q, want an error without the openid", log)
	}
}

func TestAnswerComesBeforeWeChatGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, 1714112445)
		b.person(t, plainApp)
		release, busy := make(chan struct{}), make(chan struct{})
		go func() {
			_ = b.store.InTx(t.Context(), func(context.Context, ports.Tx) error {
				close(busy)
				<-release
				return nil
			})
		}()
		<-busy
		began := time.Now()
		b.post(t, plainApp, b.signed("n-1"), cleaned, http.StatusInternalServerError)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the answer took %v, want it within 5 s", took)
		}
		close(release)
		synctest.Wait()
	})
}

func TestMessageSentTenTimesAtOnceActsOnce(t *testing.T) {
	t.Parallel()
	for _, app := range []domain.AppID{plainApp, officialApp} {
		b := setup(t, 1714112445)
		b.person(t, app)
		var wait sync.WaitGroup
		for i := range 10 {
			wait.Go(func() {
				nonce := fmt.Sprintf("n-%d", i/2) // half of them under the same signature
				if app == plainApp {
					b.post(t, app, b.signed(nonce), cleaned, http.StatusOK)
					return
				}
				sealed := b.handler.apps[officialApp].box.seal(fmt.Sprintf("%016d", i), cleaned, string(app))
				b.post(t, app, b.signed(nonce, sealed), `{"Encrypt":"`+sealed+`"}`, http.StatusOK)
			})
		}
		wait.Wait()
		if got := len(b.store.Events()); got != 1 {
			t.Errorf("%s: got %d events, want 1", app, got)
		}
	}
}
