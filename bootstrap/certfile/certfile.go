// Package certfile serves a certificate from two files that somebody else renews, and takes a renewed one without a restart.
//
// The files are read again and again rather than watched: that sees what certbot renames, what Kubernetes swaps by a symbolic
// link and what is written in place, on every file system.
package certfile

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how soon a renewed certificate is seen.
const lookEvery = 2 * time.Second

// Pair is a certificate with its key as two files hold them.
type Pair struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger
	served            atomic.Pointer[tls.Certificate]

	// What only look touches.
	seen   [sha256.Size]byte // what the files held at the last look
	judged bool              // of what was seen it is known, and said, what it is worth
	warned time.Time         // when the end of the certificate was last spoken of
}

// Load reads the files and errs unless they hold a certificate that is valid at now, with its key.
func Load(certFile, keyFile string, now time.Time) (*tls.Certificate, error) {
	cert, key, err := read(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return parse(cert, key, now)
}

// Open reads the files as Load does. It serves what they hold until Run sees better.
func Open(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Pair, error) {
	cert, key, err := read(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	served, err := parse(cert, key, now())
	if err != nil {
		return nil, err
	}
	p := &Pair{certFile: certFile, keyFile: keyFile, now: now, log: log, seen: digest(cert, key), judged: true}
	p.served.Store(served)
	return p, nil
}

// Certificate returns the one that new connections are to see, as tls.Config.GetCertificate wants it.
func (p *Pair) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return p.served.Load(), nil
}

func read(certFile, keyFile string) (cert, key []byte, err error) {
	if cert, err = os.ReadFile(certFile); err != nil {
		return nil, nil, fmt.Errorf("read certificate: %w", err)
	}
	if key, err = os.ReadFile(keyFile); err != nil {
		return nil, nil, fmt.Errorf("read key of the certificate: %w", err)
	}
	return cert, key, nil
}

// parse says of no key what is in it.
func parse(cert, key []byte, now time.Time) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("join certificate and key: %w", err)
	}
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		return nil, errors.New("the certificate has expired at " + leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return nil, errors.New("the certificate is not valid before " + leaf.NotBefore.UTC().Format(time.RFC3339) + "; is the clock right?")
	}
	return &pair, nil
}

func digest(cert, key []byte) [sha256.Size]byte {
	one, other := sha256.Sum256(cert), sha256.Sum256(key)
	return sha256.Sum256(append(one[:], other[:]...))
}
