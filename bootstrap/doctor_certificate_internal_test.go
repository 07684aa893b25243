package bootstrap

import (
	"os"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/tlstest"
)

// certified serves a certificate of ninety days that began an hour ago.
func certified(t *testing.T) (w *ward, certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = tlstest.SelfSigned(t, 90*24*time.Hour).Write(t, t.TempDir())
	return admit(t, map[string]string{"http.tls_cert_file": certFile, "http.tls_key_file": keyFile}), certFile, keyFile
}

func TestCertificateThatCannotBeServedForLongIsFound(t *testing.T) {
	t.Parallel()
	w, _, keyFile := certified(t)
	const day = 24 * time.Hour
	for ahead, want := range map[time.Duration]struct {
		verdict verdict
		word    string
	}{
		0:         {verdictOK, "ends "},
		75 * day:  {verdictOK, "ends "},
		77 * day:  {verdictWarn, "which is soon"},
		89 * day:  {verdictWarn, "which is soon"},
		91 * day:  {verdictFail, "has expired"},
		-2 * day:  {verdictFail, "not valid before"},
		900 * day: {verdictFail, "has expired"},
	} {
		w.ahead = ahead
		wants(t, "ahead by "+ahead.String(), w.checkCertificate(t.Context()), want.verdict, want.word)
	}
	w.ahead = 0
	if err := os.WriteFile(keyFile, tlstest.SelfSigned(t, day).Key, 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "key of another", w.checkCertificate(t.Context()), verdictFail, "private key does not match")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	wants(t, "no key", w.checkCertificate(t.Context()), verdictFail, "read key")
}

func TestCertificateThatStopsTheStartHasAdviceOfItsOwn(t *testing.T) {
	t.Parallel()
	certFile, keyFile := tlstest.SelfSigned(t, time.Minute).Write(t, t.TempDir())
	findings := configFaults(loadError(t, "MENJIN_HTTP_TLS_CERT_FILE="+certFile, "MENJIN_HTTP_TLS_KEY_FILE="+keyFile))
	wants(t, "expired", found(t, findings, "configuration"), verdictFail, "has expired")
	if got := findings[0].Advice; got != certificateAdvice {
		t.Errorf("advice: got %q, want what to do about a certificate", got)
	}
}
