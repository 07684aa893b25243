package wechatsandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

func TestJournalTellsWhatHappenedWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	session := b.exchange(t, code)
	q := query(code)
	q.Set("appid", wechatsandbox.DemoSecret) // the two mixed up
	b.get(t, q)
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultStatus})
	b.send(t, http.MethodGet, b.exchangeURL(query(code)), "")

	until(t, "three calls are in the journal", func() bool { return len(b.Journal()) == 3 })
	entries := b.Journal()
	type line struct {
		AppID, Person string
		Status        int
		Errcode       int
		Fault         wechatsandbox.FaultKind
	}
	want := []line{
		{wechatsandbox.DemoAppID, "alice", 200, 0, ""},
		{"[redacted]", "", 200, 40013, ""},
		{"", "", 503, 0, wechatsandbox.FaultStatus},
	}
	for i, e := range entries {
		if got := (line{e.AppID, e.Person, e.Status, e.Errcode, e.Fault}); got != want[i] {
			t.Errorf("entry %d: got %+v, want %+v", i, got, want[i])
		}
	}
	if entries[0].Code == "" || entries[0].Code != entries[1].Code {
		t.Errorf("fingerprints of one code: got %q and %q, want the same", entries[0].Code, entries[1].Code)
	}
	_, journal := b.send(t, http.MethodGet, b.URL+"/_sandbox/journal", "")
	for name, secret := range map[string]string{"code": code, "secret": wechatsandbox.DemoSecret, "session_key": session.SessionKey} {
		if strings.Contains(journal, secret) {
			t.Errorf("journal shows the %s: %s", name, journal)
		}
	}
}

func TestJournalTellsOfTokensAndPhonesWithoutShowingThem(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	token, code := b.stable(t, false).AccessToken, b.PhoneCode(t, "alice")
	session := b.exchange(t, b.Code(t, "alice"))
	b.phone(t, token, code, "")
	b.checkSession(t, token, session)
	until(t, "four calls are in the journal", func() bool { return len(b.Journal()) == 4 })
	entries := b.Journal()
	for i, want := range []string{"", "alice", "alice", "alice"} {
		if got := entries[i]; got.Person != want || got.AppID != wechatsandbox.DemoAppID || (got.Token == entries[0].Token) == (i == 1) {
			t.Errorf("entry %d: got %+v, want person %q, the app, and one fingerprint of the token", i, got, want)
		}
	}
	_, journal := b.send(t, http.MethodGet, b.URL+"/_sandbox/journal", "")
	for name, secret := range map[string]string{
		"token": token, "code": code, "session_key": session.SessionKey, "number": b.PhoneNumber("alice"),
		"signature": sign(session.SessionKey), "secret": wechatsandbox.DemoSecret,
	} {
		if strings.Contains(journal, secret) {
			t.Errorf("journal shows the %s: %s", name, journal)
		}
	}
}

func TestJournalKeepsTheLatest(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	for i := range 1005 {
		b.send(t, http.MethodGet, fmt.Sprintf("%s/call/%d", b.URL, i), "")
	}
	until(t, "all calls are counted", func() bool { return b.Counters().Finished == 1005 })
	entries := b.Journal()
	if len(entries) != 1000 || entries[0].Path != "/call/5" || entries[999].Path != "/call/1004" {
		t.Errorf("got %d entries from %s to %s, want 1000 from /call/5", len(entries), entries[0].Path, entries[len(entries)-1].Path)
	}
}

func TestCountersSumUp(t *testing.T) {
	t.Parallel()
	b := setup(t, wechatsandbox.Options{})
	code := b.Code(t, "alice")
	b.exchange(t, code)
	b.exchange(t, code)
	b.script(t, wechatsandbox.Fault{Kind: wechatsandbox.FaultErrcode, Errcode: -1})
	b.exchange(t, code)
	until(t, "three calls are counted", func() bool { return b.Counters().Finished == 3 })
	_, body := b.send(t, http.MethodGet, b.URL+"/_sandbox/counters", "")
	want := `{"received":3,"finished":3,"errcodes":{"-1":1,"0":1,"40163":1},"faults":{"errcode":1},"live_codes":0,"spent_codes":1,"people":1,` +
		`"calls":{"/sns/jscode2session":3},"token_fetches":0,"phone_numbers":0,"live_phone_codes":0,"pushes":0}`
	if strings.TrimSpace(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
}

func TestSecretPrintsMasked(t *testing.T) {
	t.Parallel()
	app := wechatsandbox.App{AppID: "wx1", Secret: "hunter2"}
	body, err := json.Marshal(app)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	for _, text := range []string{string(body), fmt.Sprintf("%v %+v %#v %s %q %x %d", app, app, app, app, app.Secret, app.Secret, app.Secret)} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") || !strings.Contains(text, "[redacted]") {
			t.Errorf("got %s, want the secret masked", text)
		}
	}
}
