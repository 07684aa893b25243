package child

import (
	"bufio"
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestLookalikeAnswersWhatNetHTTPReads(t *testing.T) {
	t.Parallel()
	request := "GET /sns/jscode2session?appid=a&secret=s&grant_type=authorization_code&js_code=" +
		url.QueryEscape(string(KnownCode(nil, 7, 42))) + " HTTP/1.1\r\nHost: wechat\r\n\r\n"
	openID, err := readRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(appendResponse(nil, openID))), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	if want := `"openid":"oBench-known-000070000000000"}`; !strings.HasSuffix(body.String(), want) {
		t.Errorf("got %s, want it to end in %s", body.String(), want)
	}
}

func TestOpenIDFollowsFromThePersonAlone(t *testing.T) {
	t.Parallel()
	of := func(code []byte) [28]byte { return openIDOf(append([]byte("GET /?js_code="), code...)) }
	if of(KnownCode(nil, 1, 1)) != of(KnownCode(nil, 1, 2)) {
		t.Error("one person has two openids")
	}
	if of(KnownCode(nil, 1, 1)) == of(KnownCode(nil, 2, 1)) || of(NewCode(nil, 1)) == of(NewCode(nil, 2)) {
		t.Error("two persons have one openid")
	}
}
