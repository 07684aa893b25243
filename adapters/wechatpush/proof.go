package wechatpush

import (
	"crypto/sha1" //nolint:gosec // WeChat's choice; what is hashed begins or ends with a secret, and collisions are of no use
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
)

const (
	// freshFor is how far WeChat's clock and ours may be apart, on the way and in a retry too.
	freshFor = 10 * time.Minute
	// timestampDigits is what a time in seconds has until the year 2286.
	timestampDigits = 10
	maxNonce        = 128
)

// proof is what a signature is made of, beside the token.
type proof struct{ timestamp, nonce string }

func proofOf(query url.Values) proof { return proof{query.Get("timestamp"), query.Get("nonce")} }

// check refuses what is not fresh, and a signature that is not the token's over the proof and what else it covers.
func (p proof) check(token domain.Secret, signature string, now time.Time, covered ...string) error {
	if p.nonce == "" || len(p.nonce) > maxNonce {
		return forbidden("nonce is missing or too long")
	}
	want := p.sign(token, covered...)
	if subtle.ConstantTimeCompare([]byte(signature), []byte(want)) != 1 {
		return forbidden("wrong signature")
	}
	if !p.fresh(now) {
		return forbidden("timestamp is out of the window")
	}
	return nil
}

// fresh accepts one way of writing a time alone.
func (p proof) fresh(now time.Time) bool {
	notDigit := func(r rune) bool { return r < '0' || r > '9' }
	if len(p.timestamp) != timestampDigits || strings.IndexFunc(p.timestamp, notDigit) >= 0 {
		return false
	}
	seconds, err := strconv.ParseInt(p.timestamp, 10, 64)
	return err == nil && now.Sub(time.Unix(seconds, 0)).Abs() <= freshFor
}

// sign makes WeChat's signature: the parts sorted, joined with nothing between them, and hashed.
func (p proof) sign(token domain.Secret, covered ...string) string {
	parts := append([]string{token.Reveal(), p.timestamp, p.nonce}, covered...)
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// key stands for timestamp and nonce. It is made of their signature, because that is the same for any other two that join to the
// same text.
func (p proof) key(app *receiver) [32]byte {
	return sha256.Sum256([]byte("wechat delivery\x00" + string(app.id) + "\x00" + p.sign(app.token)))
}
