package wechat

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

const maxAnswer = 64 << 10

// Shared by all requests; a transport may not change them.
var (
	header = http.Header{"User-Agent": {"menjin"}, "Accept": {"application/json"}}
	// unchunked spares net/http a goroutine that finds out whether the body is empty.
	unchunked = []string{"identity"}
)

func fixedQuery(app App) domain.Secret {
	return domain.NewSecret("appid=" + url.QueryEscape(string(app.ID)) + "&secret=" + url.QueryEscape(app.Secret.Reveal()) +
		"&grant_type=authorization_code&js_code=")
}

// ask sends the code, at most once, and reads the answer. The error is a *refusal when WeChat said no, a *fault when the
// answer cannot be believed, and a *unanswered otherwise.
func (c *Client) ask(ctx context.Context, program *program, code domain.Secret) (ports.WeChatLogin, error) {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	// The transport's own RoundTrip, not a Client's Do: that would follow redirects and put the address into errors.
	response, err := c.transport.RoundTrip(c.request(traced, program, code))
	if err != nil {
		return ports.WeChatLogin{}, &unanswered{cause: err, sent: connected.Load()}
	}
	body, err := readAnswer(response)
	if err != nil {
		return ports.WeChatLogin{}, err
	}
	return decodeAnswer(body)
}

func (c *Client) request(ctx context.Context, program *program, code domain.Secret) *http.Request {
	address := c.address
	address.RawQuery = program.query.Reveal() + url.QueryEscape(code.Reveal())
	request := &http.Request{
		Method: http.MethodGet, URL: &address, Host: address.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: onceOnly{}, TransferEncoding: unchunked,
	}
	return request.WithContext(ctx)
}

// onceOnly is an empty body that cannot be had a second time. net/http sends a GET again by itself when a kept-alive
// connection breaks before the answer, though the server may have read it; it refrains when there is a body and no GetBody.
// Nothing of it is on the wire.
type onceOnly struct{}

func (onceOnly) Read([]byte) (int, error)         { return 0, io.EOF }
func (onceOnly) WriteTo(io.Writer) (int64, error) { return 0, nil } // spares io.Copy its buffer of 32 KiB
func (onceOnly) Close() error                     { return nil }

// readAnswer reads to the end, so that the connection can serve again, but never more than maxAnswer.
func readAnswer(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, wrongStatus(response.StatusCode)
	}
	if response.ContentLength > maxAnswer {
		return nil, implausible("answer too long")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &unanswered{cause: err, sent: true}
	case len(body) > maxAnswer:
		return nil, implausible("answer too long")
	}
	return body, nil
}
