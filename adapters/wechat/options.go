package wechat

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

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
	Timeout time.Duration // bounds a whole call, connecting, a second try and the wait for an access_token included; 0 means 5 s
	Apps    []App         // at least one
	// SharedTokens lets the replicas of one installation use the same access_token; nil means that each fetches its own.
	SharedTokens ports.SharedTokens
	// WatermarkMaxAge is how old encrypted data may be; 0 means any age.
	WatermarkMaxAge time.Duration
	// Clock tells the time access_tokens go by; nil means time.Now.
	Clock ports.Clock
	// Transport takes the place of the client's own. It must not send a request twice, must not show addresses, which hold
	// secrets, codes and openids, to logs or traces, and must serve httptrace, by which the client learns whether a request
	// can have left. nil means one made for this traffic.
	Transport http.RoundTripper
	Logger    *slog.Logger // nil means silence
	Tracer    trace.Tracer // makes a span of each call; nil means none
}

var errBaseURL = errors.New("the base address must be http or https with a host, without user, query or fragment")

// parseBaseURL does not wrap what url.Parse says, which quotes a password.
func parseBaseURL(text string) (url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" || (address.Scheme != "http" && address.Scheme != "https") ||
		address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return url.URL{}, errBaseURL
	}
	return url.URL{Scheme: address.Scheme, Host: address.Host, Path: strings.TrimRight(address.Path, "/")}, nil
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

func checkDurations(opts Options) error {
	if opts.Timeout < 0 || opts.WatermarkMaxAge < 0 {
		return errors.New("the timeout and the age of watermarks must not be negative")
	}
	return nil
}
