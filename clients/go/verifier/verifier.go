package verifier

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/nats-io/nats.go/jetstream"

	menjin "github.com/menjin-id/menjin/clients/go"
)

// The errors of Verify. Callers are told nothing more; the reason is in the text.
var (
	// ErrInvalid: it is no token of the service for this audience.
	ErrInvalid = errors.New("token is invalid")
	// ErrExpired: it was one, and its time is over. The client refreshes.
	ErrExpired = errors.New("token is expired")
	// ErrEnded: its session ended before its time, or the user is locked or gone.
	ErrEnded = errors.New("session has ended")
	// ErrUnavailable: nobody can know for now. It says nothing about the token.
	ErrUnavailable = errors.New("tokens cannot be verified for now")
)

// Options tune a verifier. The zero value suits a service with default settings, but follows no revocations: set Feed.
type Options struct {
	// Issuer and Audience are the service's token.issuer and token.audience. Empty: menjin.
	Issuer, Audience string
	// TokenLife is the longest life of a token: the service's token.access_ttl or more. What ended longer ago need not be
	// remembered. 0: two hours.
	TokenLife time.Duration
	// Leeway is how far the clocks here and at the service may be apart. 0: 5 s.
	Leeway time.Duration

	// Feed is where revocations come from. nil: none are known.
	Feed jetstream.JetStream
	// Stream is the stream of the feed. Empty: menjin.Stream.
	Stream string
	// MaxStaleness is how long the feed may be unconfirmed before tokens are refused with ErrUnavailable. 0: 30 s; at least 3 s.
	MaxStaleness time.Duration
	// ServeStale accepts tokens by what is known, however old.
	ServeStale bool

	// KeysMaxAge is how long keys are used that cannot be fetched again. 0: a day.
	KeysMaxAge time.Duration
	// Client fetches the keys. nil: one that gives up after five seconds.
	Client *http.Client
	// Log hears what an operator wants to know. nil: the default logger.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Issuer, o.Audience = cmp.Or(o.Issuer, "menjin"), cmp.Or(o.Audience, "menjin")
	o.TokenLife = cmp.Or(o.TokenLife, 2*time.Hour)
	o.Leeway = cmp.Or(o.Leeway, 5*time.Second)
	o.Stream = cmp.Or(o.Stream, menjin.Stream)
	o.MaxStaleness = max(cmp.Or(o.MaxStaleness, 30*time.Second), 3*confirmEvery)
	o.KeysMaxAge = cmp.Or(o.KeysMaxAge, 24*time.Hour)
	if o.Client == nil {
		o.Client = &http.Client{Timeout: fetchWait}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Verifier proves tokens. It is safe for concurrent use.
type Verifier struct {
	options   Options
	keys      *keyCache
	parser    *jwt.Parser
	proven    *proofs
	ended     *endings
	confirmed atomic.Pointer[time.Time] // when the feed last had nothing that is not here
}

// New makes a verifier for the service whose public keys are published at an address.
func New(keysURL string, options Options) *Verifier {
	options = options.withDefaults()
	return &Verifier{
		options: options, keys: newKeyCache(keysURL, &options), proven: newProofs(),
		ended: newEndings(options.TokenLife+options.Leeway, options.Leeway),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodES256.Alg()}),
			jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation(), // the times are looked at on each use, not with the signature
		),
	}
}

// Staleness is for how long the feed has not confirmed that everything was received. Before the first time, and without a feed,
// it is a century.
func (v *Verifier) Staleness() time.Duration {
	confirmed := v.confirmed.Load()
	if confirmed == nil {
		return 100 * 365 * 24 * time.Hour
	}
	return time.Since(*confirmed)
}

// Verify returns what a token says, with the roles that the user has now. Its errors match ErrInvalid, ErrExpired, ErrEnded
// or ErrUnavailable, and never quote the token.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	claims, err := v.prove(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	now := time.Now()
	if !now.Before(claims.ExpiresAt) {
		return Claims{}, ErrExpired
	}
	if claims.IssuedAt.After(now.Add(v.options.Leeway)) {
		return Claims{}, invalid("it is issued in the future")
	}
	if v.options.Feed == nil {
		return claims, nil
	}
	if !v.options.ServeStale && v.Staleness() > v.options.MaxStaleness {
		return Claims{}, unavailable("the feed of ended sessions is not up to date", nil)
	}
	return v.ended.apply(claims)
}
