package verifier

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	fetchWait  = 5 * time.Second
	fetchPause = 5 * time.Second // between two fetches, whatever tokens ask for
	maxKeySet  = 64 << 10
	maxKeys    = 64

	// How long keys are taken as fresh: as the service says, within bounds that hold for a proxy in between that says otherwise.
	defaultFresh = 5 * time.Minute
	minFresh     = 10 * time.Second
	maxFresh     = time.Hour
)

type key struct {
	algorithm string
	public    any
}

// keySet is what was fetched at a time. It never changes.
type keySet struct {
	byID       map[string]key
	text, etag string
}

// keyCache fetches the keys when they are needed, one fetch at a time. Nothing runs in between.
type keyCache struct {
	url     string
	options *Options

	fetching sync.Mutex // held for the length of a fetch
	mu       sync.Mutex
	set      *keySet
	fetched  time.Time // when the set was last confirmed
	fresh    time.Duration
	tried    time.Time
	failure  error // of the last try
}

func newKeyCache(url string, options *Options) *keyCache {
	return &keyCache{url: url, options: options}
}

// current returns the keys of now. When they are not fresh any more, one caller fetches them and the others use the old ones.
func (c *keyCache) current(ctx context.Context) (*keySet, error) {
	set, age, fresh, _ := c.look()
	if set != nil && age < fresh {
		return set, nil
	}
	usable := set != nil && age < c.options.KeysMaxAge
	if !usable {
		c.fetching.Lock()
	} else if !c.fetching.TryLock() {
		return set, nil
	}
	c.refresh(ctx, func(set *keySet, age, fresh time.Duration) bool { return set == nil || age >= fresh })
	c.fetching.Unlock()
	set, age, _, failure := c.look()
	if set == nil || age >= c.options.KeysMaxAge {
		return nil, unavailable("the service's keys cannot be had", failure)
	}
	return set, nil
}

// find returns a key by its id. For one that is not known the keys are fetched, as it may be new.
func (c *keyCache) find(ctx context.Context, id string) (key, error) {
	set, _, _, _ := c.look()
	if found, known := set.get(id); known {
		return found, nil
	}
	c.fetching.Lock()
	c.refresh(ctx, func(set *keySet, _, _ time.Duration) bool { _, known := set.get(id); return !known })
	c.fetching.Unlock()
	set, _, _, failure := c.look()
	found, known := set.get(id)
	switch {
	case known:
		return found, nil
	case failure != nil: // it may be a key that the service has and that is not here yet
		return key{}, unavailable("the service's keys cannot be had", failure)
	}
	return key{}, errHeader
}

func (s *keySet) get(id string) (key, bool) {
	if s == nil {
		return key{}, false
	}
	found, known := s.byID[id]
	return found, known
}

func (c *keyCache) look() (set *keySet, age, fresh time.Duration, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.set, time.Since(c.fetched), c.fresh, c.failure
}

// refresh fetches the keys when they are still needed after the wait for another's fetch, and not too soon after the last one.
// Only the holder of fetching calls it.
func (c *keyCache) refresh(ctx context.Context, needed func(set *keySet, age, fresh time.Duration) bool) {
	set, age, fresh, _ := c.look()
	if !needed(set, age, fresh) || (!c.tried.IsZero() && time.Since(c.tried) < fetchPause) {
		return
	}
	c.tried = time.Now()
	// A caller that goes away must not spoil the one fetch of these seconds for the others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchWait)
	defer cancel()
	next, fresh, err := c.fetch(ctx, set)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
	if err == nil {
		c.set, c.fetched, c.fresh = next, c.tried, fresh
		return
	}
	c.options.Log.WarnContext(ctx, "token keys cannot be fetched", "url", c.url, "error", err)
}

// fetch returns the same set when it has not changed, and what was proven with it stays proven.
func (c *keyCache) fetch(ctx context.Context, last *keySet) (*keySet, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	if last != nil && last.etag != "" {
		request.Header.Set("If-None-Match", last.etag)
	}
	response, err := c.options.Client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	defer response.Body.Close()
	fresh := min(freshFor(response.Header.Get("Cache-Control")), c.options.KeysMaxAge)
	if response.StatusCode == http.StatusNotModified && last != nil {
		return last, fresh, nil
	}
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch token keys: status %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err != nil || len(text) > maxKeySet {
		return nil, 0, errors.Join(errors.New("fetch token keys: the answer is cut or too long"), err)
	}
	etag := response.Header.Get("ETag")
	if last != nil && last.text == string(text) && last.etag == etag {
		return last, fresh, nil
	}
	next, err := parseKeys(text)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch token keys: %w", err)
	}
	next.text, next.etag = string(text), etag
	return next, fresh, nil
}

func freshFor(cacheControl string) time.Duration {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
			}
		}
	}
	return defaultFresh
}

// parseKeys reads a JWK Set (RFC 7517). Keys of other kinds and uses are passed over.
func parseKeys(text []byte) (*keySet, error) {
	var document struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(text, &document); err != nil || len(document.Keys) > maxKeys {
		return nil, errors.New("the answer is not a key set")
	}
	set := &keySet{byID: make(map[string]key)}
	for _, one := range document.Keys {
		if found, ok := one.read(); ok {
			set.byID[one.ID] = found
		}
	}
	if len(set.byID) == 0 {
		return nil, errors.New("the key set has no key for tokens")
	}
	return set, nil
}

type jwk struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

func (j *jwk) read() (key, bool) {
	if j.ID == "" || (j.Use != "" && j.Use != "sig") {
		return key{}, false
	}
	x, xErr := base64.RawURLEncoding.DecodeString(j.X)
	y, yErr := base64.RawURLEncoding.DecodeString(j.Y)
	if xErr != nil || yErr != nil {
		return key{}, false
	}
	switch eddsa, es256 := jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodES256.Alg(); {
	case j.Type == "OKP" && j.Curve == "Ed25519" && j.is(eddsa) && len(x) == ed25519.PublicKeySize:
		return key{eddsa, ed25519.PublicKey(x)}, true
	case j.Type == "EC" && j.Curve == "P-256" && j.is(es256) && len(x) == 32 && len(y) == 32:
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		return key{es256, public}, err == nil
	}
	return key{}, false
}

func (j *jwk) is(algorithm string) bool { return j.Algorithm == "" || j.Algorithm == algorithm }
