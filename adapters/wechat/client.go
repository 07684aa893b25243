package wechat

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const defaultTimeout = 5 * time.Second

// App is a mini-program and the secret that its server shares with WeChat.
type App struct {
	ID     domain.AppID
	Secret domain.Secret
}

// Options says where WeChat is and which mini-programs are ours.
type Options struct {
	BaseURL string        // http or https, e.g. "https://api.weixin.qq.com"; a path is put before WeChat's
	Timeout time.Duration // bounds a whole exchange, connecting and a second try included; 0 means 5 s
	Apps    []App         // at least one
	// Transport takes the place of the client's own. It must not send a request twice, must not show addresses, which hold
	// the secret and the code, to logs or traces, and must serve httptrace, by which the client learns whether a request
	// can have left. nil means one made for this traffic.
	Transport http.RoundTripper
	Logger    *slog.Logger // nil means silence
}

// Client is the ports.WeChat of WeChat itself. It is safe for concurrent use.
type Client struct {
	address   url.URL
	timeout   time.Duration
	apps      map[domain.AppID]*program
	transport http.RoundTripper
	log       *slog.Logger
}

// program is what the client keeps for each mini-program. The breaker is its own, because a wrong secret is.
type program struct {
	id      domain.AppID
	query   domain.Secret // all but the code, which is appended
	breaker *breaker
}

var _ ports.WeChat = (*Client)(nil)

// New refuses options that could never work, with every fault found. It does not connect.
func New(opts Options) (*Client, error) {
	return newClient(opts, breakerPolicy{failures: 20, pause: 5 * time.Second})
}

func newClient(opts Options, policy breakerPolicy) (*Client, error) {
	address, err := parseBaseURL(opts.BaseURL)
	if err := errors.Join(err, checkApps(opts.Apps), checkTimeout(opts.Timeout)); err != nil {
		return nil, fmt.Errorf("configure WeChat: %w", err)
	}
	client := &Client{
		address:   address,
		timeout:   cmp.Or(opts.Timeout, defaultTimeout),
		apps:      make(map[domain.AppID]*program, len(opts.Apps)),
		transport: opts.Transport,
		log:       cmp.Or(opts.Logger, slog.New(slog.DiscardHandler)),
	}
	if client.transport == nil {
		client.transport = newTransport(client.timeout)
	}
	for _, app := range opts.Apps {
		client.apps[app.ID] = &program{id: app.ID, query: fixedQuery(app), breaker: newBreaker(app.ID, policy, client.log)}
	}
	return client, nil
}

// Close gives up the connections that wait for work. Exchanges under way are not disturbed.
func (c *Client) Close() {
	if transport, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		transport.CloseIdleConnections()
	}
}

var errBaseURL = errors.New("the base address must be http or https with a host, without user, query or fragment")

// parseBaseURL does not wrap what url.Parse says, which quotes a password.
func parseBaseURL(text string) (url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" || (address.Scheme != "http" && address.Scheme != "https") ||
		address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return url.URL{}, errBaseURL
	}
	return url.URL{
		Scheme: address.Scheme, Host: address.Host, Path: strings.TrimRight(address.Path, "/") + "/sns/jscode2session",
	}, nil
}

func checkApps(apps []App) error {
	if len(apps) == 0 {
		return errors.New("there must be at least one mini-program")
	}
	var faults []error
	known := make(map[domain.AppID]bool, len(apps))
	for _, app := range apps {
		switch {
		case strings.TrimSpace(string(app.ID)) == "":
			faults = append(faults, errors.New("a mini-program has no app id"))
		case app.Secret.IsZero():
			faults = append(faults, fmt.Errorf("mini-program %q has no secret", app.ID))
		case known[app.ID]:
			faults = append(faults, fmt.Errorf("mini-program %q is there twice", app.ID))
		}
		known[app.ID] = true
	}
	return errors.Join(faults...)
}

func checkTimeout(timeout time.Duration) error {
	if timeout < 0 {
		return errors.New("the timeout must not be negative")
	}
	return nil
}
