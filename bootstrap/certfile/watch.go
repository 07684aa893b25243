package certfile

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"time"
)

// Run looks at the files until ctx ends. A pair that is broken, does not match or has expired is said once and changes
// nothing.
func (p *Pair) Run(ctx context.Context) error {
	p.warn()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			p.look()
		}
	}
}

// look judges what the files hold once two looks have found the same there: between the writing of one file and of the other
// they do not match, and that is no fault.
func (p *Pair) look() {
	defer p.warn()
	var now [sha256.Size]byte
	cert, key, err := read(p.certFile, p.keyFile)
	if err == nil {
		now = digest(cert, key)
	}
	if now != p.seen {
		p.seen, p.judged = now, false
		return
	}
	if p.judged {
		return
	}
	p.judged = true
	if err == nil {
		err = p.take(cert, key)
	}
	if err != nil {
		p.log.Error("new TLS certificate is not taken; the one before is served on",
			"cert_file", p.certFile, "key_file", p.keyFile, "error", err)
	}
}

func (p *Pair) take(cert, key []byte) error {
	pair, err := parse(cert, key, p.now())
	if err != nil {
		return err
	}
	before := p.served.Swap(pair)
	if !pair.Leaf.Equal(before.Leaf) {
		p.warned = time.Time{}
		p.log.Info("new TLS certificate is served", "cert_file", p.certFile, "names", pair.Leaf.DNSNames,
			"not_after", pair.Leaf.NotAfter.UTC())
	}
	return nil
}

// warn says once a day that the certificate ends soon: whoever renews it has had time to do so by then.
func (p *Pair) warn() {
	leaf, now := p.served.Load().Leaf, p.now()
	if !EndsSoon(leaf, now) || now.Sub(p.warned) < 24*time.Hour {
		return
	}
	p.warned = now
	if now.After(leaf.NotAfter) {
		p.log.Error("TLS certificate has expired: clients refuse it", "cert_file", p.certFile, "not_after", leaf.NotAfter.UTC())
		return
	}
	p.log.Warn("TLS certificate expires soon and has not been renewed", "cert_file", p.certFile, "not_after", leaf.NotAfter.UTC())
}

// EndsSoon reports whether a certificate should have been renewed by now, or has ended.
func EndsSoon(leaf *x509.Certificate, now time.Time) bool {
	return !now.Before(renewBefore(leaf))
}

// renewBefore is a fortnight before the end, or a fifth of a short life: a certificate of ninety days is usually renewed thirty
// before its end.
func renewBefore(leaf *x509.Certificate) time.Time {
	return leaf.NotAfter.Add(-min(14*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/5))
}
