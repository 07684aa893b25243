package bootstrap_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// sealed is a person's number as WeChat encrypts it.
func (w *weChat) sealed(person string) wechatsandbox.EncryptedData {
	w.tb.Helper()
	return w.sealedAs(wechatsandbox.DataOrder{Person: person})
}

func (w *weChat) sealedAs(order wechatsandbox.DataOrder) wechatsandbox.EncryptedData {
	w.tb.Helper()
	data, err := w.EncryptedData(order)
	if err != nil {
		w.tb.Fatal(err)
	}
	return data
}

func (p *program) bindEncrypted(in signIn, data wechatsandbox.EncryptedData) reply {
	p.tb.Helper()
	return p.expect(http.MethodPost, "/api/user/phone", in.Token, data, http.StatusOK, "")
}

func TestEncryptedPhoneAndProfileAreTakenOver(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		alice := p.login(w.code("alice"))
		if got, want := phoneIn(t, p.bindEncrypted(alice, w.sealed("alice"))), masked(w.PhoneNumber("alice")); got != want {
			t.Errorf("phone: got %q, want %q", got, want)
		}
		profile := w.sealedAs(wechatsandbox.DataOrder{Person: "alice", Kind: wechatsandbox.DataUserInfo})
		for _, signed := range []bool{true, false} {
			if !signed {
				profile.RawData, profile.Signature = "", ""
			}
			r := p.expect(http.MethodPost, "/api/user/wechat/profile", alice.Token, profile, http.StatusOK, "")
			var user struct {
				Nickname *string `json:"nickname"`
			}
			if err := json.Unmarshal(r.Data, &user); err != nil || user.Nickname != nil { // WeChat's are the same for everybody
				t.Errorf("profile: got %s (%v), want no nickname", r.Data, err)
			}
		}
		wantEvents(t, of(p.drained(w), alice.User.ID), registeredV1, phoneBoundV1)
	})
}

// dataCase is encrypted data that is wrong, and what becomes of it.
type dataCase struct {
	kind   wechatsandbox.DataKind
	fault  wechatsandbox.DataFault
	status int
	reason string
}

func dataCases() (cases []dataCase) {
	const failed, mismatch = "DECRYPTION_FAILED", "WATERMARK_MISMATCH"
	for fault, reason := range map[wechatsandbox.DataFault]string{
		wechatsandbox.DataBrokenJSON: failed, wechatsandbox.DataBrokenPadding: failed, wechatsandbox.DataTruncated: failed,
		wechatsandbox.DataShortIV: failed, wechatsandbox.DataNoWatermark: failed, // nothing says that it is WeChat's
		wechatsandbox.DataWrongApp: mismatch, wechatsandbox.DataOld: mismatch, wechatsandbox.DataFuture: mismatch,
	} {
		cases = append(cases,
			dataCase{wechatsandbox.DataPhone, fault, http.StatusUnprocessableEntity, reason},
			dataCase{wechatsandbox.DataUserInfo, fault, http.StatusUnprocessableEntity, reason})
	}
	return append(cases,
		dataCase{wechatsandbox.DataPhone, wechatsandbox.DataOtherPerson, http.StatusUnprocessableEntity, failed},
		dataCase{wechatsandbox.DataUserInfo, wechatsandbox.DataOtherPerson, http.StatusUnprocessableEntity, "SIGNATURE_MISMATCH"},
		dataCase{wechatsandbox.DataUserInfo, wechatsandbox.DataOtherOpenID, http.StatusUnprocessableEntity, mismatch},
		dataCase{wechatsandbox.DataUserInfo, wechatsandbox.DataWrongSignature, http.StatusUnprocessableEntity, "SIGNATURE_MISMATCH"})
}

func TestEveryFaultOfEncryptedDataHasItsReason(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		p.login(w.code("bob"))
		alice := p.login(w.code("alice"))
		paths := map[wechatsandbox.DataKind]string{
			wechatsandbox.DataPhone: "/api/user/phone", wechatsandbox.DataUserInfo: "/api/user/wechat/profile",
		}
		for _, c := range dataCases() {
			data := w.sealedAs(wechatsandbox.DataOrder{Person: "alice", Kind: c.kind, Fault: c.fault})
			if r := p.call(http.MethodPost, paths[c.kind], alice.Token, data); r.Status != c.status || r.Reason != c.reason {
				t.Errorf("%s, %s: got %s, want %d %s", c.kind, c.fault, r, c.status, c.reason)
			}
		}
		p.wantPhone(alice, "")
		wantEvents(t, of(p.drained(w), alice.User.ID), registeredV1)
	})
}

// exchange trades a login code somewhere else, after which WeChat uses a newer session_key.
func (w *weChat) exchange(code string) {
	w.tb.Helper()
	query := url.Values{"appid": {testAppID}, "secret": {testAppSecret}, "js_code": {code}, "grant_type": {"authorization_code"}}
	response, err := http.Get(w.url + "/sns/jscode2session?" + query.Encode())
	if err != nil {
		w.tb.Fatal(err)
	}
	_ = response.Body.Close()
}

func TestStaleSessionKeyIsTold(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		w := startWeChat(t)
		p := start(t, s.with(w.settings()))
		alice := p.login(w.code("alice"))
		if err := w.ShiftClock(2 * time.Second); err != nil {
			t.Fatal(err)
		}
		w.exchange(w.code("alice"))
		data := w.sealed("alice")
		p.expect(http.MethodPost, "/api/user/phone", alice.Token, data, http.StatusConflict, "SESSION_KEY_STALE")
		profile := w.sealedAs(wechatsandbox.DataOrder{Person: "alice", Kind: wechatsandbox.DataUserInfo})
		p.expect(http.MethodPost, "/api/user/wechat/profile", alice.Token, profile, http.StatusConflict, "SESSION_KEY_STALE")
		again := p.login(w.code("alice")) // the remedy, also for the older session: the newest key counts
		p.bindEncrypted(alice, data)
		p.bindEncrypted(again, data)
		stale := w.sealedAs(wechatsandbox.DataOrder{Person: "alice", Fault: wechatsandbox.DataStaleKey})
		p.expect(http.MethodPost, "/api/user/phone", again.Token, stale, http.StatusUnprocessableEntity, "DECRYPTION_FAILED")
	})
}
