package httpapi

import (
	"context"
	"net/netip"
	"time"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
)

// UseCases are what the routes call, all of them required.
type UseCases struct {
	SignInWithWeChat *signin.WeChat
	CheckSession     *session.Check
	Logout           *session.Logout
	LogoutAll        *session.LogoutAll
	ShowAccount      *account.Show
}

// Keys returns the public keys that verify tokens, as a JSON document (RFC 7517). It is called for each request.
type Keys func() []byte

// Dependency is something the service works with. Ping says whether it can be reached; it must return soon after its
// context ends.
type Dependency struct {
	Name     string
	Ping     func(ctx context.Context) error
	Optional bool // requests are answered without it: its absence is shown, and takes no replica out of service
}

// Options tune the server; the zero value works.
type Options struct {
	Version        string         // shown in the contract
	Dependencies   []Dependency   // asked by /health/ready
	TrustedProxies []netip.Prefix // whose X-Forwarded-For counts; none: the peer is the client
	CORSOrigins    []string       // "https://example.com", or "*" for any; none: no CORS headers
	Timeout        time.Duration  // of one request; 15 s when zero
}

const defaultTimeout = 15 * time.Second
