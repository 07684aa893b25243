package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/menjin-id/menjin/application/account"
	"github.com/menjin-id/menjin/application/admin"
	"github.com/menjin-id/menjin/application/personal"
	"github.com/menjin-id/menjin/application/session"
	"github.com/menjin-id/menjin/application/signin"
	"github.com/menjin-id/menjin/ports"
)

// UseCases are what the routes call, all of them required.
type UseCases struct {
	SignInWithWeChat *signin.WeChat
	CheckSession     *session.Check
	Logout           *session.Logout
	LogoutAll        *session.LogoutAll
	ShowAccount      *account.Show

	SignInWithPassword *signin.Password
	Register           *signin.Register
	Refresh            *session.Refresh
	ListSessions       *session.List
	EndSession         *session.EndOwn
	ChangeProfile      *account.ChangeProfile
	ChangePassword     *account.ChangePassword
	LinkWeChat         *account.LinkWeChat
	UnlinkWeChat       *account.UnlinkWeChat
	Merge              *account.Merge

	BindPhone   *personal.BindPhone
	UnbindPhone *personal.UnbindPhone
	TakeProfile *personal.TakeProfile
	Export      *personal.Export
	Delete      *personal.Delete

	Admin Administration
}

// Administration is what the routes below /api/admin call.
type Administration struct {
	Users    *admin.Users
	Lock     *admin.Lock
	Roles    *admin.Roles
	Sessions *admin.Sessions
	Merge    *admin.Merge
	Audit    *admin.Audit
	Outbox   *admin.Outbox
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
	Version        string            // shown in the contract
	Dependencies   []Dependency      // asked by /health/ready
	TrustedProxies []netip.Prefix    // whose X-Forwarded-For counts; none: the peer is the client
	CORSOrigins    []string          // "https://example.com", or "*" for any; none: no CORS headers
	Timeout        time.Duration     // of one request; 15 s when zero
	Rates          Rates             // of one client address; none: no limits
	Limiter        ports.RateLimiter // keeps the rates; required where there is one
	Tracer         trace.Tracer      // makes spans; nil: none
	TraceParents   bool              // the trusted proxies' traceparent is gone on with: they must write it themselves
	Events         EventDocuments    // served at /schemas/, /asyncapi.yaml and /docs/events
	Push           http.Handler      // answers /wechat/push/{app_id}; nil: nothing is there
	Exposition     http.Handler      // answers /metrics; nil: nothing is there
}

const defaultTimeout = 15 * time.Second
