package bootstrap_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestPushThatIsNotCertainlyWeChatsIsRefused(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w, s := onPush(t, s)
		p := start(t, s)
		root := p.administrator(t, "root")
		here, there := p.settle(w, testAppID, "alice"), p.settle(w, otherAppID, "bob")
		for _, way := range ways() {
			way.Event, way.Person = wechatsandbox.EventUserAuthorizationCanceled, "alice"
			if way.Mode == wechatsandbox.PushPlain {
				way.Person = "bob"
			}
			changed := func(what string, status int, change func(*wechatsandbox.Push)) {
				bad := way
				change(&bad)
				p.notTaken(w, what+" ("+string(way.Mode)+", "+string(way.Format)+")", bad, status)
			}
			changed("wrong signature", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.WrongSignature = true })
			changed("another token", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.Token = "nobodysToken" })
			changed("old", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.Age = 11 * time.Minute })
			changed("from the future", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.Age = -11 * time.Minute })
			changed("names another app", http.StatusForbidden, func(bad *wechatsandbox.Push) {
				bad.Fields = map[string]string{"AppID": "wx00000000000000cc"}
			})
			changed("unknown app", http.StatusNotFound, func(bad *wechatsandbox.Push) { bad.URL = p.api + "/wechat/push/wx00000000000000cc" })
			if way.Mode != wechatsandbox.PushPlain {
				changed("for another receiver", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.WrongReceiver = true })
				changed("at the other's address", http.StatusForbidden, func(bad *wechatsandbox.Push) { bad.URL = p.api + "/wechat/push/" + otherAppID })
				continue
			}
			changed("plain where it must be encrypted", http.StatusForbidden, func(bad *wechatsandbox.Push) {
				bad.URL, bad.AppID, bad.Token, bad.Person = p.api+"/wechat/push/"+testAppID, testAppID, pushToken, "alice"
			})
		}
		for _, c := range []citizen{here, there} {
			if !p.isThere(root, c.signIn) {
				t.Errorf("%s was deleted by a message that was refused", c.person)
			}
			p.check(c.Token, http.StatusNoContent, "")
		}
	})
}
