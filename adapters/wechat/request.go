package wechat

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

const maxAnswer = 64 << 10

// Shared by all requests; a transport may not change them.
var (
	header     = http.Header{"User-Agent": {"menjin"}, "Accept": {"application/json"}}
	jsonHeader = http.Header{"User-Agent": {"menjin"}, "Accept": {"application/json"}, "Content-Type": {"application/json"}}
	// unchunked spares net/http a goroutine that finds out whether the body is empty.
	unchunked = []string{"identity"}
)

// get makes a request that net/http does not send twice.
func get(address url.URL, query string) *http.Request {
	address.RawQuery = query
	return &http.Request{
		Method: http.MethodGet, URL: &address, Host: address.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: onceOnly{}, TransferEncoding: unchunked,
	}
}

// post makes a request that net/http does not send twice, since it cannot have the body again.
func post(address url.URL, query, body string) *http.Request {
	address.RawQuery = query
	return &http.Request{
		Method: http.MethodPost, URL: &address, Host: address.Host, Header: jsonHeader,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// send sends a request, at most once, and reads the answer. The error is a *fault when the answer cannot be believed, and a
// *unanswered otherwise.
func (c *Client) send(ctx context.Context, request *http.Request) ([]byte, error) {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	// The transport's own RoundTrip, not a Client's Do: that would follow redirects and put the address into errors.
	response, err := c.transport.RoundTrip(request.WithContext(traced))
	if err != nil {
		return nil, &unanswered{cause: err, sent: connected.Load()}
	}
	return readAnswer(response)
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
