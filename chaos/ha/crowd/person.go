package crowd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// verdict is what a person makes of an answer.
type verdict int

const (
	done  verdict = iota
	again         // it failed: asked once more
	out           // the session is over: signs in as somebody else
)

type answer struct {
	status int
	Reason string `json:"reason"`
	Data   struct {
		Token        string `json:"token"`
		RefreshToken string `json:"refresh_token"`
		User         struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"data"`
}

func (p *person) signIn(ctx context.Context) verdict {
	c := p.crowd
	var nonce uint64
	c.note(func() { c.nonce++; nonce = c.nonce })
	code := fmt.Sprintf("new-%d.0", nonce)
	if p.known != "" {
		code = fmt.Sprintf("%s.%d", p.known, nonce)
	}
	a, verdict := p.ask(ctx, SignIn, http.MethodPost, "/api/login", "", map[string]string{"code": code})
	if verdict == done {
		p.token, p.refresh = a.Data.Token, a.Data.RefreshToken
		c.note(func() { c.registered[a.Data.User.ID] = true })
	}
	return verdict
}

func (p *person) check(ctx context.Context) verdict {
	_, verdict := p.ask(ctx, Check, http.MethodGet, "/api/auth/check", p.token, nil)
	return verdict
}

func (p *person) renew(ctx context.Context) verdict {
	a, verdict := p.ask(ctx, Refresh, http.MethodPost, "/api/token/refresh", "", map[string]string{"refresh_token": p.refresh})
	if verdict == done {
		p.token, p.refresh = a.Data.Token, a.Data.RefreshToken
	}
	return verdict
}

func (p *person) signOut(ctx context.Context) verdict {
	defer func() { p.leaving = true }()
	_, verdict := p.ask(ctx, Logout, http.MethodPost, "/api/logout", p.token, nil)
	if verdict == done {
		p.crowd.note(func() { p.crowd.ended = append(p.crowd.ended, ending{p.token, p.refresh, time.Now()}) })
	}
	return verdict
}

func (p *person) ask(ctx context.Context, kind Kind, method, path, token string, body any) (answer, verdict) {
	s := sample{door: p.door, kind: kind, began: time.Now()}
	a, err := call(ctx, p.client, method, p.crowd.url+path, token, body)
	s.ended = time.Now()
	if ctx.Err() != nil {
		return a, out
	}
	verdict := done
	switch {
	case err != nil:
		s.failed, verdict = "no answer", again
	case a.status == http.StatusUnauthorized:
		s.signedOut, verdict = !p.leaving, out
	case a.status >= http.StatusBadRequest:
		s.failed, verdict = fmt.Sprintf("%d %s", a.status, a.Reason), again
	}
	p.crowd.tally.add(s)
	return a, verdict
}

func call(ctx context.Context, client *http.Client, method, url, token string, body any) (a answer, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return a, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return a, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	said, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return a, fmt.Errorf("read answer: %w", err)
	}
	_ = json.Unmarshal(said, &a) // an answer without a body has no reason
	return a, nil
}
