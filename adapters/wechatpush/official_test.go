package wechatpush

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

// The examples of WeChat's guide to message push.
const (
	officialMessage = `{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,` +
		`"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}`
	officialEncrypted = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsX" +
		"UnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8Y" +
		"L/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
	officialReply = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
)

func TestOfficialVerification(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714036504)
	query := url.Values{
		"signature": {"f464b24fc39322e44b38aa78f5edd27bd1441696"}, "timestamp": {"1714036504"}, "nonce": {"1514711492"},
		"echostr": {"4375120948345356249"},
	}
	for _, app := range []domain.AppID{officialApp, plainApp} {
		wantAnswer(t, b.serve(t, http.MethodGet, app, query, ""), http.StatusOK, "4375120948345356249")
	}
}

func TestOfficialPlainMessage(t *testing.T) {
	t.Parallel()
	b := setup(t, 1714037059)
	query := url.Values{
		"signature": {"899cf89e464efb63f54ddac96b0a0a235f53aa78"}, "timestamp": {"1714037059"}, "nonce": {"486452656"}, "openid": {sender},
	}
	b.post(t, plainApp, query, officialMessage, http.StatusOK)
	if got := b.names(); !slices.Equal(got, []string{"debug_demo"}) {
		t.Errorf("published: got %v, want debug_demo", got)
	}
}

func TestOfficialSecureMessage(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"JSON": `{"ToUserName":"gh_97417a04a28d","Encrypt":"` + officialEncrypted + `"}`,
		"XML": "<xml>\n <ToUserName> <![CDATA[gh_97417a04a28d]]> </ToUserName>\n <Encrypt> <![CDATA[" + officialEncrypted +
			"]]> </Encrypt>\n</xml>",
		"compatible": strings.TrimSuffix(officialMessage, "}") + `,"Encrypt":"` + officialEncrypted + `"}`,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, 1714112445)
			query := url.Values{
				"timestamp": {"1714112445"}, "nonce": {"415670741"}, "encrypt_type": {"aes"},
				"signature": {"6c5c811b55cc85e0e1b54100749188c20beb3f5d"}, "msg_signature": {"046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"},
			}
			b.post(t, officialApp, query, body, http.StatusOK)
			events := b.store.Events()
			if len(events) != 1 {
				t.Fatalf("got %d events, want 1", len(events))
			}
			want := domain.WeChatPushed{
				AppID: officialApp, Name: "debug_demo",
				Content: `{"CreateTime":1714112445,"Event":"debug_demo","MsgType":"event","debug_str":"hello world"}`,
			}
			if events[0].Facts != want {
				t.Errorf("event: got %+v, want %+v", events[0].Facts, want)
			}
			query.Set("msg_signature", query.Get("signature")) // which covers nothing
			b.post(t, officialApp, query, body, http.StatusForbidden)
		})
	}
}

func TestOfficialCiphertexts(t *testing.T) {
	t.Parallel()
	opener, err := newBox(officialApp, officialKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ encrypted, random, want string }{
		{officialEncrypted, "a8eedb185eb2fecf", officialMessage}, {officialReply, "707722b803182950", `{"demo_resp":"good luck"}`},
	} {
		got, err := opener.open(test.encrypted)
		if err != nil || string(got) != test.want {
			t.Errorf("open: got %q (%v), want %q", got, err, test.want)
		}
		if sealed := opener.seal(test.random, test.want, string(officialApp)); sealed != test.encrypted {
			t.Errorf("what these tests seal is not what WeChat seals: got %s, want %s", sealed, test.encrypted)
		}
	}
	reply := proof{"1713424427", "415670741"}.sign(domain.NewSecret(officialToken), officialReply)
	if want := "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"; reply != want {
		t.Errorf("signature of the encrypted reply: got %s, want %s", reply, want)
	}
}
