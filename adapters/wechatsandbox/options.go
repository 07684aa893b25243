package wechatsandbox

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// The app that a Server without Options.Apps knows. Made up, and easy to recognise and refuse in production.
const (
	DemoAppID  = "wx0000000000000001"
	DemoSecret = "00000000000000000000000000000001"
)

const (
	defaultCodeTTL            = 5 * time.Minute
	defaultSessionKeyInterval = time.Second
	defaultMinuteLimit        = 100
	defaultMaxCodes           = 100_000
	defaultSessionKeyTTL      = 72 * time.Hour
	defaultResetInterval      = time.Minute
	defaultTokenTTL           = 2 * time.Hour
	defaultPushTimeout        = 5 * time.Second
)

// Secret is an AppSecret; printed, logged or marshalled it reads "[redacted]".
type Secret string

const redacted = "[redacted]"

// Format writes the mask for every verb, so that not even a wrong one shows the secret.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue masks the secret in slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText masks the secret in JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// App is one mini-program registered at the sandbox.
type App struct {
	AppID  string
	Secret Secret
}

// Options tunes a Server; the zero value serves the demo app at WeChat's documented limits.
type Options struct {
	// Apps are the mini-programs known; the first is the default for minting. None means the demo app.
	Apps []App
	// Clock tells the time codes and limits go by; nil means time.Now. Delays of faults always take real time.
	Clock func() time.Time
	// Seed makes openids, unionids and the chances of faults repeatable: same seed, same openids, also after a restart.
	// Codes and session keys are random whatever the seed.
	Seed uint64
	// CodeTTL is how long a login code or a phone code lives; 0 means 5 minutes.
	CodeTTL time.Duration
	// SessionKeyInterval is how long a person keeps a session_key at least; the first login after it brings a new one.
	// 0 means 1 second.
	SessionKeyInterval time.Duration
	// SessionKeyTTL is how long a session_key lives after the latest login; WeChat does not tell. 0 means 72 hours.
	SessionKeyTTL time.Duration
	// ResetInterval is how far two resets of a person's session_key lie apart at least; 0 means 1 minute.
	ResetInterval time.Duration
	// TokenTTL is how long an access_token lives; 0 means 2 hours. One of 5 minutes or less is renewed at every fetch.
	TokenTTL time.Duration
	// PushTimeout is how long a pushed message waits for its answer, in real time; 0 means 5 seconds.
	PushTimeout time.Duration
	// MinuteLimit is how many exchanges per person, app and minute are answered before 45011; 0 means 100, negative none.
	MinuteLimit int
	// MaxCodes bounds the codes of a kind that wait for use, and the used ones remembered; 0 means 100 000.
	MaxCodes int
	// WithErrcode adds "errcode":0,"errmsg":"ok" to successes, as WeChat's documentation shows and its servers seldom do.
	WithErrcode bool
}

func (o Options) withDefaults() Options {
	if len(o.Apps) == 0 {
		o.Apps = []App{{AppID: DemoAppID, Secret: DemoSecret}}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.CodeTTL = cmp.Or(o.CodeTTL, defaultCodeTTL)
	o.SessionKeyInterval = cmp.Or(o.SessionKeyInterval, defaultSessionKeyInterval)
	o.SessionKeyTTL = cmp.Or(o.SessionKeyTTL, defaultSessionKeyTTL)
	o.ResetInterval = cmp.Or(o.ResetInterval, defaultResetInterval)
	o.TokenTTL = cmp.Or(o.TokenTTL, defaultTokenTTL)
	o.PushTimeout = cmp.Or(o.PushTimeout, defaultPushTimeout)
	o.MinuteLimit = cmp.Or(o.MinuteLimit, defaultMinuteLimit)
	o.MaxCodes = cmp.Or(o.MaxCodes, defaultMaxCodes)
	return o
}
