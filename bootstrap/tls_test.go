package bootstrap_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/tlstest"
)

const month = 30 * 24 * time.Hour

// startTLS starts a program that serves the pair itself.
func startTLS(t *testing.T, pair tlstest.Pair, changes settings) *program {
	t.Helper()
	certFile, keyFile := pair.Write(t, t.TempDir())
	p := start(t, local(t).with(settings{"http.tls_cert_file": certFile, "http.tls_key_file": keyFile}).with(changes))
	p.client = tlstest.Client(t, pair)
	return p
}

func (p *program) address() string { return p.api[strings.Index(p.api, "://")+3:] }

// shown is the certificate that a new connection sees.
func (p *program) shown() []byte {
	p.tb.Helper()
	//nolint:gosec // which certificate it is, is the question
	conn, err := tls.Dial("tcp", p.address(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		p.tb.Fatal(err)
	}
	defer conn.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw})
}

func TestServedByTLSItself(t *testing.T) {
	t.Parallel()
	p := startTLS(t, tlstest.SelfSigned(t, month), nil)
	answer, err := p.client.Get(p.api + "/api/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 || answer.TLS.Version != tls.VersionTLS13 {
		t.Errorf("got %s by %s and TLS %x, want 200 by HTTP/2 and TLS 1.3", answer.Status, answer.Proto, answer.TLS.Version)
	}
	if got := answer.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=31536000") {
		t.Errorf("Strict-Transport-Security: got %q, want a year", got)
	}
	//nolint:gosec // the versions that are to be refused
	old := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS12}
	if conn, err := tls.Dial("tcp", p.address(), old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.2 is accepted")
	}
	p.seesItself(p.login(p.sandboxCode("alice")))
}

func TestRenewedCertificateIsServedWithoutARestart(t *testing.T) {
	t.Parallel()
	old, renewed := tlstest.SelfSigned(t, month), tlstest.SelfSigned(t, month)
	p := startTLS(t, old, nil)
	alice := p.login(p.sandboxCode("alice"))
	// Whoever is connected has no reason to notice: this client trusts the old certificate alone.
	stays := func() {
		t.Helper()
		if r := p.call(http.MethodGet, "/api/auth/check", alice.Token, nil); r.Status != http.StatusNoContent {
			t.Errorf("connection from before: got %s, want 204", r)
		}
	}
	certFile, keyFile := p.settings["http.tls_cert_file"], p.settings["http.tls_key_file"]
	replace := func(file string, text []byte) {
		t.Helper()
		if err := os.WriteFile(file+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}

	replace(certFile, renewed.Certificate) // without its key
	eventually(t, "the pair that does not match is refused", func() bool { return strings.Contains(p.log.String(), "is not taken") })
	if !bytes.Equal(p.shown(), old.Certificate) {
		t.Error("a pair that does not match: the old certificate is not served on")
	}
	stays()
	replace(keyFile, renewed.Key)
	eventually(t, "the renewed certificate is served", func() bool { return bytes.Equal(p.shown(), renewed.Certificate) })
	stays()
	if refusals := strings.Count(p.log.String(), "is not taken"); refusals != 1 {
		t.Errorf("the refusal was said %d times, want once", refusals)
	}
	p.client = tlstest.Client(t, renewed)
	p.seesItself(p.login(p.sandboxCode("bob")))
}

func TestCertificateThatCannotBeServedStopsTheStart(t *testing.T) {
	t.Parallel()
	good, other := tlstest.SelfSigned(t, month), tlstest.SelfSigned(t, month)
	for want, pair := range map[string]tlstest.Pair{
		"has expired":                       tlstest.SelfSigned(t, time.Minute),
		"private key does not match":        {Certificate: good.Certificate, Key: other.Key},
		"failed to find any PEM data":       {Certificate: []byte("none"), Key: good.Key},
		"PEM inputs may have been switched": {Certificate: good.Key, Key: good.Certificate},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			certFile, keyFile := pair.Write(t, t.TempDir())
			status, _, log := run(t, local(t).with(settings{"http.tls_cert_file": certFile, "http.tls_key_file": keyFile}), "serve")
			if status == 0 || !strings.Contains(log, "http.tls_cert_file: ") || !strings.Contains(log, want) {
				t.Errorf("status %d, want a fault of http.tls_cert_file, %q, in:\n%s", status, want, log)
			}
			if strings.Contains(log, "PRIVATE KEY") {
				t.Errorf("a key in:\n%s", log)
			}
		})
	}
}
