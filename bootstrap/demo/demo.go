// Package demo plays a mini-program and a subscriber against a running service, and prints each step: what a newcomer looks
// at first, and a quick check of an installation that still uses the WeChat look-alike.
package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	stepTimeout = 10 * time.Second
	maxAnswer   = 1 << 20
	stream      = "MENJIN_EVENTS"
)

// Options says where the three parties are.
type Options struct {
	Service string // base address of the API
	Sandbox string // base address of the WeChat look-alike
	NATS    string // where events can be subscribed to; empty: the event is not waited for
	Person  string // who signs in; somebody new unless set
}

// Run plays sign-in, a look at the caller, the event and sign-out; then the person comes back, hands over a telephone number, takes
// along what is kept of them, and has themselves deleted. It returns the first step that does not go as it should.
func Run(ctx context.Context, options Options, out io.Writer) error {
	if options.Person == "" {
		options.Person = fmt.Sprintf("demo-%x", time.Now().UnixNano())
	}
	play := &play{options: options, out: out, client: &http.Client{Timeout: stepTimeout}}
	defer play.close()
	for _, step := range []struct {
		title string
		run   func(context.Context) (string, error)
	}{
		{"service    GET  /api/hello", play.hello},
		{"subscriber NATS menjin.user.>", play.subscribe},
		{"wx.login   POST /_sandbox/codes", play.wxLogin},
		{"login      POST /api/login", play.login},
		{"user       GET  /api/user/info", play.userInfo},
		{"event      menjin.user.registered", play.event},
		{"logout     POST /api/logout", play.logout},
		{"after      GET  /api/user/info", play.afterLogout},
		{"wx.login   POST /_sandbox/codes", play.wxLogin},
		{"login      POST /api/login", play.login},
		{"button     POST /_sandbox/phone_codes", play.phoneButton},
		{"phone      POST /api/user/phone", play.phone},
		{"export     GET  /api/user/export", play.export},
		{"deletion   DELETE /api/user", play.deletion},
		{"tombstone  menjin.user.deleted", play.tombstone},
	} {
		start := time.Now()
		found, err := step.run(ctx)
		if err != nil {
			fmt.Fprintf(out, "✗ %s\n    %v\n", step.title, err)
			return fmt.Errorf("%s: %w", strings.Join(strings.Fields(step.title), " "), err)
		}
		fmt.Fprintf(out, "✓ %-37s %6.1f ms  %s\n", step.title, float64(time.Since(start).Microseconds())/1000, found)
	}
	fmt.Fprintln(out, "everything works")
	return nil
}

// play is one performance: each step leaves what later ones need.
type play struct {
	options Options
	out     io.Writer
	client  *http.Client
	nats    *nats.Conn
	events  jetstream.Consumer
	code    []byte // the look-alike's answer, which is also a valid request with the code in it
	token   string
	userID  string
}

func (p *play) close() {
	if p.nats != nil {
		p.nats.Close()
	}
}

// answer is the envelope of the API.
type answer struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Reason  string          `json:"reason"`
	Data    json.RawMessage `json:"data"`
}

func (p *play) call(ctx context.Context, method, address string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, content, err
}

func (p *play) api(ctx context.Context, method, path string, body []byte) (answer, error) {
	_, content, err := p.call(ctx, method, p.options.Service+path, body)
	if err != nil {
		return answer{}, err
	}
	var got answer
	if err := json.Unmarshal(content, &got); err != nil {
		return answer{}, errors.New("the answer is not JSON: is this Menjin?")
	}
	return got, nil
}

func (p *play) ok(ctx context.Context, method, path string, body []byte, data any) error {
	got, err := p.api(ctx, method, path, body)
	if err != nil {
		return err
	}
	if got.Code != http.StatusOK {
		return fmt.Errorf("answered %d %s: %s", got.Code, got.Reason, got.Message)
	}
	return json.Unmarshal(got.Data, data)
}

func (p *play) hello(ctx context.Context) (string, error) {
	var data struct {
		Message string `json:"message"`
	}
	if err := p.ok(ctx, http.MethodGet, "/api/hello", nil, &data); err != nil {
		return "", fmt.Errorf("no service at %s; start one in another terminal with: go run . (%w)", p.options.Service, err)
	}
	return data.Message, nil
}

func (p *play) subscribe(ctx context.Context) (string, error) {
	if p.options.NATS == "" {
		return "skipped: events.embedded_addr is empty", nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var err error
	if p.nats, err = nats.Connect(p.options.NATS, nats.Name("menjin demo")); err != nil {
		return "", fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(p.nats)
	if err != nil {
		return "", err
	}
	p.events, err = js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		FilterSubject: "menjin.user.>", DeliverPolicy: jetstream.DeliverNewPolicy, AckPolicy: jetstream.AckNonePolicy,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return "", fmt.Errorf("subscribe to %s: %w", stream, err)
	}
	return "listening at " + p.nats.ConnectedUrlRedacted(), nil
}

func (p *play) wxLogin(ctx context.Context) (string, error) {
	return "a code for " + p.options.Person + ", good for one login", p.mint(ctx, "/_sandbox/codes")
}

// mint asks the look-alike for a code.
func (p *play) mint(ctx context.Context, path string) error {
	body, err := json.Marshal(map[string]string{"person": p.options.Person})
	if err != nil {
		return err
	}
	status, content, err := p.call(ctx, http.MethodPost, p.options.Sandbox+path, body)
	if err != nil {
		return fmt.Errorf("no WeChat look-alike at %s (%w)", p.options.Sandbox, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("the look-alike answered %d", status)
	}
	p.code = content
	return nil
}

func (p *play) login(ctx context.Context) (string, error) {
	var data struct {
		Token     string `json:"token"`
		ExpiresIn int    `json:"expires_in"`
		IsNewUser bool   `json:"is_new_user"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := p.ok(ctx, http.MethodPost, "/api/login", p.code, &data); err != nil {
		return "", err
	}
	p.token, p.userID = data.Token, data.User.ID
	return fmt.Sprintf("token for %d s, new user: %t", data.ExpiresIn, data.IsNewUser), nil
}

func (p *play) userInfo(ctx context.Context) (string, error) {
	var data struct {
		ID     string   `json:"id"`
		Roles  []string `json:"roles"`
		WeChat []struct {
			AppID string `json:"app_id"`
		} `json:"wechat"`
	}
	if err := p.ok(ctx, http.MethodGet, "/api/user/info", nil, &data); err != nil {
		return "", err
	}
	if data.ID != p.userID || len(data.WeChat) == 0 {
		return "", errors.New("the service shows somebody else than it signed in")
	}
	return fmt.Sprintf("%s, linked to %s", data.ID, data.WeChat[0].AppID), nil
}

func (p *play) event(ctx context.Context) (string, error) { return p.await(ctx, "") }

// await waits for the next event of the user that is of a kind; empty for any.
func (p *play) await(ctx context.Context, kind string) (string, error) {
	if p.events == nil {
		return "skipped", nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	for {
		message, err := p.events.Next(jetstream.FetchContext(ctx))
		if err != nil {
			return "", fmt.Errorf("wait for the event: %w", err)
		}
		if strings.HasSuffix(message.Subject(), "."+p.userID) && strings.Contains(message.Subject(), kind) {
			return fmt.Sprintf("%s %s", message.Headers().Get("ce-type"), message.Data()), nil
		}
	}
}

func (p *play) logout(ctx context.Context) (string, error) {
	var data any
	return "session ended", p.ok(ctx, http.MethodPost, "/api/logout", nil, &data)
}

func (p *play) afterLogout(ctx context.Context) (string, error) {
	got, err := p.api(ctx, http.MethodGet, "/api/user/info", nil)
	if err != nil {
		return "", err
	}
	if got.Reason != "SESSION_ENDED" {
		return "", fmt.Errorf("a dead session was answered %d %s", got.Code, got.Reason)
	}
	return fmt.Sprintf("refused as it should be: %d %s %s", got.Code, got.Reason, got.Message), nil
}
