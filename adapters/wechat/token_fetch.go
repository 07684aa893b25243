package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// What WeChat says of a token's life is believed between these. It never gives more than two hours; and half of the least is
// the least time between two fetches.
const (
	minTokenLife = time.Minute
	maxTokenLife = 2 * time.Hour
)

const maxTokenLength = 2048 // WeChat's have up to 512 characters

// tokenRequest asks in normal mode, in which WeChat gives the token in force to everybody who asks. A refresh by force would
// take it away from the others, and is left to people.
func tokenRequest(app App) domain.Secret {
	body, _ := json.Marshal(map[string]any{ // fails for no text
		"grant_type": "client_credential", "appid": app.ID, "secret": app.Secret.Reveal(), "force_refresh": false,
	})
	return domain.NewSecret(string(body))
}

// fetchToken asks WeChat for the access_token in force.
func (c *Client) fetchToken(caller context.Context, program *program) (ports.SharedToken, error) {
	token, err := program.fetches.run(func() (ports.SharedToken, error) {
		ctx, cancel := context.WithTimeout(caller, c.timeout)
		defer cancel()
		token, err := attempt(ctx, c, tokenAPI, func() (ports.SharedToken, error) { return c.askToken(ctx, program) })
		if err != nil {
			return ports.SharedToken{}, c.settle(caller, program, tokenAPI, err)
		}
		return token, nil
	})
	if err != nil {
		return ports.SharedToken{}, fmt.Errorf("fetch WeChat access_token: %w", err)
	}
	return token, nil
}

func (c *Client) askToken(ctx context.Context, program *program) (ports.SharedToken, error) {
	asked := c.now()
	body, err := c.send(ctx, repeatable(post(tokenAPI.at(c.base), "", program.tokenRequest.Reveal()), program.tokenRequest))
	if err != nil {
		return ports.SharedToken{}, err
	}
	value, life, err := decodeToken(body)
	if err != nil {
		return ports.SharedToken{}, err
	}
	return ports.SharedToken{Value: value, FetchedAt: asked, ExpiresAt: asked.Add(life)}, nil
}

// repeatable lets net/http send a post again when a kept-alive connection breaks: WeChat answers it twice alike. The empty
// header says so to net/http and is not on the wire.
func repeatable(request *http.Request, body domain.Secret) *http.Request {
	request.Header = request.Header.Clone()
	request.Header["Idempotency-Key"] = []string{}
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body.Reveal())), nil }
	return request
}

// tokenAnswer is getStableAccessToken's.
type tokenAnswer struct {
	status

	AccessToken string          `json:"access_token"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
}

func decodeToken(body []byte) (value domain.Secret, life time.Duration, err error) {
	var got tokenAnswer
	if err := decode(body, &got); err != nil {
		return domain.Secret{}, 0, err
	}
	if !isToken(got.AccessToken) {
		return domain.Secret{}, 0, implausible("answer without a sound access_token")
	}
	return domain.NewSecret(got.AccessToken), tokenLife(string(got.ExpiresIn)), nil
}

func isToken(text string) bool {
	return text != "" && len(text) <= maxTokenLength &&
		strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// tokenLife makes the best of an expires_in. Nonsense costs a fetch before long, and not the token.
func tokenLife(expiresIn string) time.Duration {
	seconds, err := strconv.ParseFloat(strings.Trim(expiresIn, `"`), 64)
	if err != nil || math.IsNaN(seconds) {
		return minTokenLife
	}
	seconds = min(max(seconds, minTokenLife.Seconds()), maxTokenLife.Seconds())
	return time.Duration(seconds * float64(time.Second))
}

// staleAt is when a token is to be renewed: early, but never sooner than half of its life, since WeChat gives the same token
// again until five minutes before its end.
func staleAt(token ports.SharedToken) time.Time {
	life := token.ExpiresAt.Sub(token.FetchedAt)
	early := min(max(5*time.Minute, life/10), life/2)
	return token.ExpiresAt.Add(-early)
}
