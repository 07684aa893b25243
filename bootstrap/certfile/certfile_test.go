package certfile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair is a certificate of some name with its key, in PEM.
type pair struct{ cert, key []byte }

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// made is valid for ninety days from noon.
func made(t *testing.T, name string) pair {
	t.Helper()
	return madeFrom(t, name, noon)
}

// madeFrom is valid for ninety days from begin.
func madeFrom(t *testing.T, name string, begin time.Time) pair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: begin, NotAfter: begin.Add(90 * 24 * time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
	}
}

// folder holds the files of a Pair, and what it logs.
type folder struct {
	*Pair
	dir string
	at  time.Time
	log bytes.Buffer
}

func open(t *testing.T, p pair) *folder {
	t.Helper()
	f := &folder{dir: t.TempDir(), at: noon}
	f.write(t, "tls.crt", p.cert)
	f.write(t, "tls.key", p.key)
	opened, err := Open(filepath.Join(f.dir, "tls.crt"), filepath.Join(f.dir, "tls.key"),
		func() time.Time { return f.at }, slog.New(slog.NewTextHandler(&f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.Pair = opened
	return f
}

func (f *folder) write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *folder) wantServed(t *testing.T, name string) {
	t.Helper()
	served, err := f.Certificate(nil)
	if err != nil || served.Leaf.DNSNames[0] != name {
		t.Errorf("served: got %v %v, want the certificate of %s", served.Leaf.DNSNames, err, name)
	}
}

func (f *folder) wantSaid(t *testing.T, text string, times int) {
	t.Helper()
	if got := strings.Count(f.log.String(), text); got != times {
		t.Errorf("%q: said %d times, want %d, in:\n%s", text, got, times, f.log.String())
	}
}

func TestRenewedPairIsServedHoweverItIsPutThere(t *testing.T) {
	t.Parallel()
	for how, put := range map[string]func(t *testing.T, f *folder, p pair){
		"written in place, one file after the other": func(t *testing.T, f *folder, p pair) {
			f.write(t, "tls.crt", p.cert)
			f.look()
			f.write(t, "tls.key", p.key)
		},
		"renamed": func(t *testing.T, f *folder, p pair) {
			for name, text := range map[string][]byte{"tls.crt": p.cert, "tls.key": p.key} {
				f.write(t, "new", text)
				if err := os.Rename(filepath.Join(f.dir, "new"), filepath.Join(f.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		},
		"by a symbolic link to another folder": func(t *testing.T, f *folder, p pair) {
			other := &folder{dir: t.TempDir()}
			other.write(t, "tls.crt", p.cert)
			other.write(t, "tls.key", p.key)
			for _, name := range []string{"tls.crt", "tls.key"} {
				if err := os.Symlink(filepath.Join(other.dir, name), filepath.Join(f.dir, "link")); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(filepath.Join(f.dir, "link"), filepath.Join(f.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := open(t, made(t, "old"))
			put(t, f, made(t, "new"))
			f.wantServed(t, "old")
			for range 3 {
				f.look()
			}
			f.wantServed(t, "new")
			f.wantSaid(t, "new TLS certificate is served", 1)
			f.wantSaid(t, "not taken", 0)
		})
	}
}

func TestPairThatCannotBeServedLeavesTheOldAndIsSaidOnce(t *testing.T) {
	t.Parallel()
	stranger := made(t, "stranger")
	for what, spoil := range map[string]func(t *testing.T, f *folder){
		"key of another certificate": func(t *testing.T, f *folder) { f.write(t, "tls.key", stranger.key) },
		"half a certificate":         func(t *testing.T, f *folder) { f.write(t, "tls.crt", stranger.cert[:100]) },
		"empty":                      func(t *testing.T, f *folder) { f.write(t, "tls.crt", nil) },
		"gone":                       func(_ *testing.T, f *folder) { _ = os.Remove(filepath.Join(f.dir, "tls.key")) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := open(t, made(t, "old"))
			spoil(t, f)
			for range 5 {
				f.look()
			}
			f.wantServed(t, "old")
			f.wantSaid(t, "not taken", 1)
			if strings.Contains(f.log.String(), "PRIVATE") {
				t.Errorf("the log holds a key:\n%s", f.log.String())
			}
			good := made(t, "new")
			f.write(t, "tls.crt", good.cert)
			f.write(t, "tls.key", good.key)
			f.look()
			f.look()
			f.wantServed(t, "new")
		})
	}
}

func TestPairOutsideItsTimeIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, made(t, "old"))
	for at, want := range map[time.Time]string{noon.Add(91 * 24 * time.Hour): "has expired", noon.Add(-time.Hour): "not valid before"} {
		if _, err := Load(f.certFile, f.keyFile, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("at %s: got %v, want %q", at, err, want)
		}
	}
}

func TestEndOfACertificateIsSaidInTimeAndOnceADay(t *testing.T) {
	t.Parallel()
	f := open(t, made(t, "old"))
	day := 24 * time.Hour
	f.at = noon.Add(75 * day)
	f.look()
	f.wantSaid(t, "expires soon", 0)
	for _, f.at = range []time.Time{noon.Add(77 * day), noon.Add(77*day + time.Hour), noon.Add(78*day + time.Hour)} {
		f.look()
	}
	f.wantSaid(t, "expires soon", 2)
	f.at = noon.Add(91 * day)
	f.look()
	f.look()
	f.wantSaid(t, "has expired", 1)
	f.wantServed(t, "old")
}
