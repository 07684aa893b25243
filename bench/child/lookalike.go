package child

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strconv"
)

// Login codes are "<person>.<nonce>": the look-alike knows everybody, and takes any code for the person it names.
const codeSeparator = "."

// KnownCode is a code that nobody used before, of a person who comes again and again.
func KnownCode(into []byte, person, nonce uint64) []byte {
	return appendNumber(append(appendNumber(append(into, "known-"...), person, 5), codeSeparator...), nonce, 10)
}

// NewCode is a code of a person who comes for the first time, if the nonce does.
func NewCode(into []byte, nonce uint64) []byte {
	return append(appendNumber(append(into, "new-"...), nonce, 10), codeSeparator+"0000000000"...)
}

func appendNumber(into []byte, number uint64, width int) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], number, 10)
	for range width - len(text) {
		into = append(into, '0')
	}
	return append(into, text...)
}

// serveLookalike answers /sns/jscode2session at once, with an openid that follows from the code. Like the load, it costs
// as little as it can, because what it costs makes the service and its floor look alike.
func serveLookalike(addr string) error {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen as WeChat: %w", err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(conn)
	}
}

func answer(conn net.Conn) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	var response []byte
	for {
		openID, err := readRequest(requests)
		if err != nil {
			return
		}
		response = appendResponse(response[:0], openID)
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}

// readRequest reads a request without a body and returns the openid of the code in it.
func readRequest(from *bufio.Reader) (openID [28]byte, err error) {
	line, err := from.ReadSlice('\n')
	if err != nil {
		return openID, err
	}
	openID = openIDOf(line)
	for len(line) > len("\r\n") {
		if line, err = from.ReadSlice('\n'); err != nil {
			return openID, err
		}
	}
	return openID, nil
}

// openIDOf has the length of a real one.
func openIDOf(line []byte) (openID [28]byte) {
	_, code, _ := bytes.Cut(line, []byte("js_code="))
	person, _, _ := bytes.Cut(code, []byte(codeSeparator))
	for i := range openID {
		openID[i] = '0'
	}
	copy(openID[:], "oBench-")
	copy(openID[len("oBench-"):], person)
	return openID
}

func appendResponse(into []byte, openID [28]byte) []byte {
	const before, after = `{"session_key":"MDEyMzQ1Njc4OWFiY2RlZg==","openid":"`, `"}`
	into = append(into, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "...)
	into = strconv.AppendInt(into, int64(len(before)+len(openID)+len(after)), 10)
	into = append(into, "\r\n\r\n"+before...)
	into = append(into, openID[:]...)
	return append(into, after...)
}
