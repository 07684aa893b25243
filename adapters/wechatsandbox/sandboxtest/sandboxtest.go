// Package sandboxtest runs the WeChat look-alike for the length of a test.
package sandboxtest

import (
	"net/http/httptest"
	"testing"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
)

// Sandbox is a running look-alike; its Server takes the orders, its URL stands in for https://api.weixin.qq.com.
type Sandbox struct {
	*wechatsandbox.Server

	URL string
}

// Start listens on a free loopback port until the test ends, which cuts off what still hangs.
func Start(tb testing.TB, opts wechatsandbox.Options) *Sandbox {
	tb.Helper()
	server := wechatsandbox.New(opts)
	listener := httptest.NewServer(server)
	tb.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return &Sandbox{Server: server, URL: listener.URL}
}

// Code mints a login code for a person of the first app and ends the test if that fails.
func (s *Sandbox) Code(tb testing.TB, person string) string {
	tb.Helper()
	code, err := s.MintCode("", person)
	if err != nil {
		tb.Fatalf("mint code for %q: %v", person, err)
	}
	return code
}

// PhoneCode mints a phone code for a person of the first app, with the number made up for them, and ends the test if that
// fails.
func (s *Sandbox) PhoneCode(tb testing.TB, person string) string {
	tb.Helper()
	code, err := s.MintPhoneCode("", person, wechatsandbox.Phone{})
	if err != nil {
		tb.Fatalf("mint phone code for %q: %v", person, err)
	}
	return code
}

// Data encrypts data of a person who has logged in and ends the test if that fails.
func (s *Sandbox) Data(tb testing.TB, order wechatsandbox.DataOrder) wechatsandbox.EncryptedData {
	tb.Helper()
	data, err := s.EncryptedData(order)
	if err != nil {
		tb.Fatalf("encrypt data of %q: %v", order.Person, err)
	}
	return data
}
