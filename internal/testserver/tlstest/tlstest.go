// Package tlstest gives tests certificates of this machine, and clients that trust them.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Pair is a certificate of 127.0.0.1 and its key, in PEM.
type Pair struct{ Certificate, Key []byte }

// SelfSigned makes one that is valid for lasting from an hour ago.
func SelfSigned(tb testing.TB, lasting time.Duration) Pair {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	begin := time.Now().Add(-time.Hour)
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: begin, NotAfter: begin.Add(lasting),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		tb.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	return Pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
	}
}

// Write puts the pair into a folder as tls.crt and tls.key.
func (p Pair) Write(tb testing.TB, folder string) (certFile, keyFile string) {
	tb.Helper()
	certFile, keyFile = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	for file, text := range map[string][]byte{certFile: p.Certificate, keyFile: p.Key} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return certFile, keyFile
}

// Client is a client that trusts the certificates of pairs and no others.
func Client(tb testing.TB, pairs ...Pair) *http.Client {
	tb.Helper()
	roots := x509.NewCertPool()
	for _, pair := range pairs {
		roots.AppendCertsFromPEM(pair.Certificate)
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: time.Minute, Transport: transport}
}
