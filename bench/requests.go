package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/menjin-id/menjin/bench/child"
	"github.com/menjin-id/menjin/bench/load"
)

// users is how many have a session, and sign in again.
const users = 1000

// nonces make every login code one that nobody used before.
var nonces atomic.Uint64

// requests are those that one program understands: its tokens are its own.
type requests struct{ tokens []string }

// signIn signs every user in for the first time.
func signIn(ctx context.Context, addr string) (*requests, error) {
	r := &requests{make([]string, users)}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(8)
	for i := range r.tokens {
		work.Go(func() (err error) {
			r.tokens[i], err = signInOne(ctx, client, addr, child.KnownCode(nil, uint64(i), nonces.Add(1)))
			return err
		})
	}
	return r, work.Wait()
}

func signInOne(ctx context.Context, client *http.Client, addr string, code []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/login", bytes.NewReader(loginBody(nil, code)))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	var said struct {
		Data struct {
			Token string `json:"token"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Data.Token == "" {
		return "", fmt.Errorf("sign in: status %d: %s", response.StatusCode, body)
	}
	return said.Data.Token, nil
}

func (r *requests) check() load.Source { return r.authenticated("GET /api/auth/check") }

func (r *requests) info() load.Source { return r.authenticated("GET /api/user/info") }

// authenticated goes round the tokens; each connection begins at another.
func (r *requests) authenticated(route string) load.Source {
	prebuilt := make([][]byte, len(r.tokens))
	for i, token := range r.tokens {
		prebuilt[i] = []byte(route + " HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\nAuthorization: Bearer " + token + "\r\n\r\n")
	}
	return func(connection int) func() []byte {
		turn := connection * 17
		return func() []byte {
			turn++
			return prebuilt[turn%len(prebuilt)]
		}
	}
}

func (r *requests) login() load.Source {
	return logins(func(into []byte, nonce uint64) []byte { return child.KnownCode(into, nonce%users, nonce) })
}

func (r *requests) firstLogin() load.Source { return logins(child.NewCode) }

func logins(code func(into []byte, nonce uint64) []byte) load.Source {
	length := len(loginBody(nil, code(nil, 0))) // the same for every code
	head := "POST /api/login HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n" +
		"Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(length) + "\r\n\r\n"
	return func(int) func() []byte {
		var request, next []byte
		return func() []byte {
			next = code(next[:0], nonces.Add(1))
			request = loginBody(append(request[:0], head...), next)
			return request
		}
	}
}

func loginBody(into, code []byte) []byte {
	return append(append(append(into, `{"code":"`...), code...), `"}`...)
}
