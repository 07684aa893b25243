package wechat

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Client asks WeChat itself, and opens what WeChat encrypts. It is safe for concurrent use.
type Client struct {
	base         url.URL
	loginAddress url.URL
	timeout      time.Duration
	maxAge       time.Duration
	apps         map[domain.AppID]*program
	transport    http.RoundTripper
	now          ports.Clock
	log          *slog.Logger
	metrics      *metrics
}

// program is what the client keeps for each mini-program. The breakers are its own, because a wrong secret is; and there is
// one for each kind of call, because a mini-program may be allowed one and not the other.
type program struct {
	id           domain.AppID
	loginQuery   domain.Secret // all but the code, which is appended
	tokenRequest domain.Secret
	logins       *breaker[ports.WeChatLogin]
	phones       *breaker[domain.Phone]
	sessionKeys  *breaker[struct{}]
	fetches      *breaker[ports.SharedToken]
	tokens       *tokenKeeper
}

var (
	_ ports.WeChat            = (*Client)(nil)
	_ ports.WeChatPhones      = (*Client)(nil)
	_ ports.WeChatSessionKeys = (*Client)(nil)
	_ ports.WeChatData        = (*Client)(nil)
)

// New refuses options that could never work, with every fault found. It does not connect. The client must be closed.
func New(opts Options) (*Client, error) {
	return newClient(opts, breakerPolicy{failures: 20, pause: 5 * time.Second})
}

func newClient(opts Options, policy breakerPolicy) (*Client, error) {
	base, err := parseBaseURL(opts.BaseURL)
	if err := errors.Join(err, checkApps(opts.Apps), checkDurations(opts)); err != nil {
		return nil, fmt.Errorf("configure WeChat: %w", err)
	}
	client := &Client{
		base:         base,
		loginAddress: loginAPI.at(base),
		timeout:      cmp.Or(opts.Timeout, defaultTimeout),
		maxAge:       opts.WatermarkMaxAge,
		apps:         make(map[domain.AppID]*program, len(opts.Apps)),
		transport:    opts.Transport,
		now:          opts.Clock,
		log:          cmp.Or(opts.Logger, slog.New(slog.DiscardHandler)),
		metrics:      newMetrics(),
	}
	if client.transport == nil {
		client.transport = newTransport(client.timeout)
	}
	if opts.Tracer != nil {
		client.transport = tracing{client.transport, opts.Tracer}
	}
	if client.now == nil {
		client.now = time.Now
	}
	for _, app := range opts.Apps {
		client.apps[app.ID] = client.newProgram(app, opts.SharedTokens, policy)
	}
	return client, nil
}

func (c *Client) newProgram(app App, shared ports.SharedTokens, policy breakerPolicy) *program {
	program := &program{
		id:           app.ID,
		loginQuery:   loginQuery(app),
		tokenRequest: tokenRequest(app),
		logins:       newBreaker[ports.WeChatLogin](app.ID, loginAPI, policy, c),
		phones:       newBreaker[domain.Phone](app.ID, phoneAPI, policy, c),
		sessionKeys:  newBreaker[struct{}](app.ID, checkSessionAPI, policy, c),
		fetches:      newBreaker[ports.SharedToken](app.ID, tokenAPI, policy, c),
	}
	program.tokens = c.newTokenKeeper(program, shared)
	return program
}

// program returns domain.ErrInvalidArgument for a mini-program that is not configured.
func (c *Client) program(app domain.AppID) (*program, error) {
	program, ok := c.apps[app]
	if !ok {
		return nil, domain.Invalid(domain.Violation{Field: "app_id", Rule: "enum", Text: "is not a known mini-program"})
	}
	return program, nil
}

// Close stops the fetching of access_tokens and gives up the connections that wait for work. Exchanges under way are not
// disturbed, unless they wait for an access_token. It may be called more than once.
func (c *Client) Close() {
	for _, program := range c.apps {
		program.tokens.close()
	}
	if transport, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		transport.CloseIdleConnections()
	}
}
