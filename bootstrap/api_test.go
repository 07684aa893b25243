package bootstrap_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// reply is what the API answered.
type reply struct {
	Status  int
	Reason  string          `json:"reason"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`

	Header http.Header
	Body   []byte
	Took   time.Duration
}

func (r reply) String() string { return fmt.Sprintf("%d %s", r.Status, r.Reason) }

// signIn is the answer to a login.
type signIn struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
	SessionID    string `json:"session_id"`
	IsNewUser    bool   `json:"is_new_user"`
	User         struct {
		ID string `json:"id"`
	} `json:"user"`
}

// try sends one request, which may find the program dead. It is for concurrent use.
func (p *program) try(method, path, token string, body any) (reply, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return reply{}, err
	}
	request, err := http.NewRequest(method, p.api+path, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	sieveOf(p.tb).keepFields(fieldsSent, encoded)
	if body != nil {
		request.Body = io.NopCloser(bytes.NewReader(encoded))
		request.ContentLength = int64(len(encoded))
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return p.send(request)
}

func (p *program) send(request *http.Request) (reply, error) {
	sieveOf(p.tb).keepToken(request)
	begin := time.Now()
	response, err := p.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	r := reply{Status: response.StatusCode, Header: response.Header}
	if r.Body, err = io.ReadAll(response.Body); err != nil {
		return reply{}, err
	}
	r.Took = time.Since(begin)
	_ = json.Unmarshal(r.Body, &r) // what is no envelope has no reason
	if r.Status >= http.StatusBadRequest {
		_, _ = fmt.Fprintf(&p.refusals, "%s %s: %v %s\n", request.Method, request.URL.Path, r.Header, r.Body)
	} else {
		sieveOf(p.tb).keepFields(fieldsAnswered, r.Body)
	}
	return r, nil
}

// call is try for the goroutine of the test: the program must be alive.
func (p *program) call(method, path, token string, body any) reply {
	p.tb.Helper()
	r, err := p.try(method, path, token, body)
	if err != nil {
		p.tb.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// expect calls and wants a status and, for a failure, a reason.
func (p *program) expect(method, path, token string, body any, status int, reason string) reply {
	p.tb.Helper()
	r := p.call(method, path, token, body)
	if r.Status != status || r.Reason != reason {
		p.tb.Errorf("%s %s: got %s, want %d %s\n%s", method, path, r, status, reason, r.Body)
	}
	return r
}

// tryLogin posts a login code.
func (p *program) tryLogin(code string) (signIn, reply, error) {
	return p.tryLoginWith(map[string]string{"code": code})
}

func (p *program) tryLoginWith(body map[string]string) (signIn, reply, error) {
	r, err := p.try(http.MethodPost, "/api/login", "", body)
	if err != nil || r.Status != http.StatusOK {
		return signIn{}, r, err
	}
	var in signIn
	return in, r, json.Unmarshal(r.Data, &in)
}

// login is tryLogin that must succeed.
func (p *program) login(code string) signIn {
	p.tb.Helper()
	in, r, err := p.tryLogin(code)
	if err != nil || r.Status != http.StatusOK {
		p.tb.Fatalf("login: got %s %v, want 200\n%s", r, err, r.Body)
	}
	return in
}

// check asks whether a token is good.
func (p *program) check(token string, status int, reason string) reply {
	p.tb.Helper()
	return p.expect(http.MethodGet, "/api/auth/check", token, nil, status, reason)
}
