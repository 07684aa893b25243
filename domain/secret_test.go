package domain_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

const hidden = "tiihtNczf5v6AKRyjwEUhQ"

// leaks reports whether text shows the hidden text, in the clear, in hexadecimal or as numbers.
func leaks(text string) bool {
	for _, form := range []string{
		hidden, hidden[4:12], fmt.Sprintf("%x", hidden[:6]), fmt.Sprintf("%X", hidden[:6]), fmt.Sprintf("% x", hidden[:6]),
		strings.Trim(fmt.Sprint([]byte(hidden[:6])), "[]"),
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

// hider holds secrets where package fmt can call no method.
type hider struct {
	Shown   domain.Secret
	kept    domain.Secret
	openID  domain.OpenID
	email   *domain.Email
	list    []domain.Phone
	byName  map[string]domain.SessionKey
	any     any
	session *domain.Session
	user    *domain.User
}

func hiders() map[string]any {
	secret := domain.NewSecret(hidden)
	identity := domain.WeChatIdentity{AppID: "wx1", OpenID: domain.OpenID{Secret: secret}, UnionID: domain.UnionID{Secret: secret}}
	user := domain.RestoreUser(domain.UserState{
		Email: domain.Email{Secret: secret}, Phone: domain.Phone{Secret: secret}, WeChat: []domain.WeChatIdentity{identity},
	})
	session := domain.RestoreSession(domain.SessionState{SessionKey: domain.SessionKey{Secret: secret}})
	deep := hider{
		Shown: secret, kept: secret, openID: domain.OpenID{Secret: secret}, email: &domain.Email{Secret: secret},
		list: []domain.Phone{{Secret: secret}}, byName: map[string]domain.SessionKey{"key": {Secret: secret}},
		any: secret, session: session, user: user,
	}
	return map[string]any{
		"secret": secret, "pointer": &secret, "openid": domain.OpenID{Secret: secret}, "phone": domain.Phone{Secret: secret},
		"refresh token": domain.RefreshToken{Secret: secret}, "identity": identity, "user": user, "state": user.State(),
		"session": session, "session state": session.State(), "deep": deep, "pointer to deep": &deep,
		"list": []domain.Secret{secret}, "map": map[string]any{"deep": deep}, "keys": map[domain.Secret]int{secret: 1},
	}
}

func TestSecretIsNeverFormatted(t *testing.T) {
	t.Parallel()
	for name, value := range hiders() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%t", "%U", "%c", "%e", "%T"} {
			if got := fmt.Sprintf(verb, value); leaks(got) {
				t.Errorf("%s of %s: got %s, want nothing of the text", verb, name, got)
			}
		}
		if got := fmt.Sprint(value) + fmt.Sprintln(value); leaks(got) {
			t.Errorf("print of %s: got %s, want nothing of the text", name, got)
		}
		if got := fmt.Errorf("attempt: %v", value).Error(); leaks(got) {
			t.Errorf("error of %s: got %s, want nothing of the text", name, got)
		}
	}
}

func TestSecretIsNeverMarshalledOrLogged(t *testing.T) {
	t.Parallel()
	for name, value := range hiders() {
		inJSON, _ := json.Marshal(value)
		inXML, _ := xml.Marshal(value)
		var log bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(handler).With("with", value).WithGroup("group").Info("message", "key", value, slog.Any("any", []any{value}))
		}
		for encoder, got := range map[string]string{"json": string(inJSON), "xml": string(inXML), "slog": log.String()} {
			if leaks(got) {
				t.Errorf("%s of %s: got %s, want nothing of the text", encoder, name, got)
			}
		}
	}
}

func TestSecretShowsThatItIsRedacted(t *testing.T) {
	t.Parallel()
	secret := domain.NewSecret(hidden)
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	inJSON, err := json.Marshal(domain.OpenID{Secret: secret})
	if err != nil {
		t.Fatalf("marshal JSON: %v", err)
	}
	for form, got := range map[string]string{
		"String": secret.String(), "GoString": secret.GoString(), "LogValue": secret.LogValue().String(),
		"MarshalText": string(text), "JSON": strings.Trim(string(inJSON), `"`), "zero": domain.Secret{}.String(),
	} {
		if got != "[redacted]" {
			t.Errorf("%s: got %q, want [redacted]", form, got)
		}
	}
}

func TestSecretRevealsAndCompares(t *testing.T) {
	t.Parallel()
	secret, same, other, zero := domain.NewSecret(hidden), domain.NewSecret(hidden), domain.NewSecret(hidden+"x"), domain.Secret{}
	if secret.Reveal() != hidden || zero.Reveal() != "" {
		t.Error("Reveal does not return the text")
	}
	if !secret.Equal(same) || secret.Equal(other) || secret.Equal(zero) || !zero.Equal(domain.NewSecret("")) {
		t.Error("Equal does not compare the texts")
	}
	if secret.IsZero() || !zero.IsZero() || !domain.NewSecret("").IsZero() {
		t.Error("IsZero does not tell whether there is a text")
	}
}
