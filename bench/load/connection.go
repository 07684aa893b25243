package load

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
)

// maxResponse is what a response may have in all.
const maxResponse = 64 << 10

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
	chunked       = []byte("\r\nTransfer-Encoding: chunked")
	endOfChunks   = []byte("0\r\n\r\n")

	errMalformed = errors.New("response is not one that this client reads")
)

// connection sends prebuilt HTTP/1.1 requests, one at a time, and looks at as little of a response as tells where it ends:
// what the client costs is taken from the servers that are measured. It reads what Go's servers write, not all of HTTP.
type connection struct {
	net.Conn
	buffer []byte
}

func newConnection(conn net.Conn) *connection {
	return &connection{Conn: conn, buffer: make([]byte, maxResponse)}
}

// exchange returns the response, valid until the next call.
func (c *connection) exchange(request []byte) (status int, response []byte, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, nil, err
	}
	for have := 0; ; {
		if have == len(c.buffer) {
			return 0, nil, errMalformed
		}
		n, err := c.Read(c.buffer[have:])
		have += n
		status, whole, malformed := parse(c.buffer[:have])
		switch {
		case malformed != nil:
			return 0, nil, malformed
		case whole:
			return status, c.buffer[:have], nil
		case errors.Is(err, io.EOF):
			return 0, nil, io.ErrUnexpectedEOF
		case err != nil:
			return 0, nil, err
		}
	}
}

// parse reports whether data is a whole response.
func parse(data []byte) (status int, whole bool, err error) {
	end := bytes.Index(data, endOfHead)
	if end < 0 {
		return 0, false, nil
	}
	head, body := data[:end], data[end+len(endOfHead):]
	if len(head) < len("HTTP/1.1 200") {
		return 0, false, errMalformed
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, false, errMalformed
	}
	if _, rest, found := bytes.Cut(head, contentLength); found {
		digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
		length, err := strconv.Atoi(string(digits))
		if err != nil || len(body) > length {
			return 0, false, errMalformed
		}
		return status, len(body) == length, nil
	}
	if bytes.Contains(head, chunked) {
		return status, bytes.HasSuffix(body, endOfChunks), nil
	}
	return status, len(body) == 0, nil // a status without a body
}
