package wechatsandbox_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestMessageIsPushedInEveryModeAndFormat(t *testing.T) {
	t.Parallel()
	for _, format := range []wechatsandbox.PushFormat{wechatsandbox.PushJSON, wechatsandbox.PushXML} {
		for _, mode := range []wechatsandbox.PushMode{wechatsandbox.PushPlain, wechatsandbox.PushCompatible, wechatsandbox.PushSecure} {
			t.Run(string(mode)+" "+string(format), func(t *testing.T) {
				t.Parallel()
				b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
				report := b.push(t, in, wechatsandbox.Push{
					Mode: mode, Format: format, AESKey: pushKey, Event: wechatsandbox.EventUserAuthorizationRevoke, RevokeInfo: "8",
				})
				if len(report.Attempts) != 1 || report.Accepted != 1 || report.Attempts[0].Answer != "success" {
					t.Errorf("report: got %+v, want one attempt, accepted", report)
				}
				got := in.only(t)
				checkRevoke(t, b, got, mode)
				if got.method != http.MethodPost || got.query.Get("kept") != "yes" || got.query.Get("openid") == "" {
					t.Errorf("got %s with %v, want POST with an openid beside the query of the URL", got.method, got.query)
				}
			})
		}
	}
}

// checkRevoke reads the message the way the mode wants it and compares it.
func checkRevoke(t *testing.T, b *bundle, got received, mode wechatsandbox.PushMode) {
	t.Helper()
	outer := fields(t, got.body)
	encrypted := outer["Encrypt"]
	if !got.signed(encrypted) || (encrypted != "") != (got.query.Get("encrypt_type") == "aes") || (encrypted == "") != (mode == wechatsandbox.PushPlain) {
		t.Errorf("signature or encryption: got query %v, body %s", got.query, got.body)
	}
	want := map[string]string{
		"ToUserName": outer["ToUserName"], "FromUserName": got.query.Get("openid"), "CreateTime": "1740816000", "MsgType": "event",
		"Event": "user_authorization_revoke", "OpenID": b.OpenID("", "alice"), "AppID": wechatsandbox.DemoAppID, "RevokeInfo": "8",
	}
	if encrypted != "" {
		message, receiver := decrypt(t, encrypted)
		if inner := fields(t, message); !maps.Equal(inner, want) || receiver != wechatsandbox.DemoAppID {
			t.Errorf("encrypted message for %s: got %v, want %v", receiver, inner, want)
		}
	}
	delete(outer, "Encrypt")
	if mode == wechatsandbox.PushSecure {
		want = map[string]string{"ToUserName": want["ToUserName"]}
	}
	if !maps.Equal(outer, want) || !strings.HasPrefix(outer["ToUserName"], "gh_") {
		t.Errorf("in the clear: got %v, want %v", outer, want)
	}
}

func TestMessagesComeInTheirOddShapes(t *testing.T) {
	t.Parallel()
	const modified = wechatsandbox.EventUserInfoModified
	for _, test := range []struct {
		name      string
		push      wechatsandbox.Push
		has, lack []string
	}{
		{"debug demo", wechatsandbox.Push{}, []string{`"debug_str":"hello world"`}, []string{"OpenID"}},
		{"cancellation", wechatsandbox.Push{Event: wechatsandbox.EventUserAuthorizationCanceled}, []string{`"OpenID":"o`}, []string{"RevokeInfo"}},
		{"lower-case keys", wechatsandbox.Push{Event: modified, LowerCaseKeys: true}, []string{`"openid":"o`, `"appid":"wx`, `"Event"`}, []string{"OpenID"}},
		{"padded keys", wechatsandbox.Push{Event: modified, PaddedKeys: true}, []string{`" OpenID":"o`, `"Event"`}, []string{`"OpenID"`}},
		{"without openid", wechatsandbox.Push{Event: modified, WithoutOpenID: true}, []string{`"AppID"`}, []string{"OpenID"}},
		{"all revoked", wechatsandbox.Push{Event: wechatsandbox.EventUserAuthorizationRevoke}, []string{`"RevokeInfo":"301"`}, nil},
		{"any event", wechatsandbox.Push{Event: "wxa_media_check", Fields: map[string]string{"trace_id": `a<"&]]>`, "MsgType": "text", "CreateTime": "7"}}, []string{`"Event":"wxa_media_check"`, `"trace_id":"a<\"&]]>"`, `"MsgType":"text"`, `"CreateTime":7,`}, nil},
		{"XML", wechatsandbox.Push{Format: wechatsandbox.PushXML, Fields: map[string]string{"x": "a]]>b"}}, []string{"<x> <![CDATA[a]]]]><![CDATA[>b]]> </x>", "<CreateTime>1740816000<"}, nil},
		{"old", wechatsandbox.Push{Age: time.Hour}, []string{`"CreateTime":1740812400`}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
			b.push(t, in, test.push)
			got := in.only(t)
			fields(t, got.body)
			has := func(part string) bool { return strings.Contains(got.body, part) }
			if i := slices.IndexFunc(test.has, func(part string) bool { return !has(part) }); i >= 0 {
				t.Errorf("got %s, want %s in it", got.body, test.has[i])
			}
			if i := slices.IndexFunc(test.lack, has); i >= 0 {
				t.Errorf("got %s, want no %s", got.body, test.lack[i])
			}
		})
	}
}

func TestForgedMessagesAreForged(t *testing.T) {
	t.Parallel()
	b, in := setup(t, wechatsandbox.Options{}), receive(t, nil)
	b.push(t, in, wechatsandbox.Push{AESKey: pushKey, WrongSignature: true})
	b.push(t, in, wechatsandbox.Push{AESKey: pushKey, WrongReceiver: true})
	all := in.all()
	if len(all) != 2 {
		t.Fatalf("got %d requests, want 2", len(all))
	}
	forged := all[0].query
	if encrypted := fields(t, all[0].body)["Encrypt"]; all[0].signed("") || forged.Get("msg_signature") == sum(pushToken, forged.Get("timestamp"), forged.Get("nonce"), encrypted) {
		t.Errorf("wrong signature: got %v, want both wrong", forged)
	}
	encrypted := fields(t, all[1].body)["Encrypt"]
	if _, receiver := decrypt(t, encrypted); receiver == wechatsandbox.DemoAppID || !all[1].signed(encrypted) {
		t.Errorf("wrong receiver: got %s, signed %t; want another app, and signed", receiver, all[1].signed(encrypted))
	}
}
