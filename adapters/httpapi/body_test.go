package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestHostileBodiesAreMalformed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, body := range map[string]string{
		"nothing but space":  " \n",
		"not JSON":           "code=1",
		"cut off":            `{"code":"c"`,
		"two values":         `{"code":"c"}{}`,
		"trailing comma":     `{"code":"c",}`,
		"trailing text":      `{"code":"c"} x`,
		"a closing brace":    `}`,
		"member given twice": `{"code":"a","code":"b"}`,
		"inner member twice": `{"code":"a","device":{"id":"1","id":"2"}}`,
		"byte order mark":    "\ufeff" + `{"code":"c"}`,
		"invalid UTF-8":      "{\"code\":\"a\xff\"}",
		"NaN":                `{"code":NaN}`,
		"deep array":         `{"code":"c","x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`,
		"deep object":        strings.Repeat(`{"a":`, 10000),
		"giant exponent":     `{"code":"c","x":1e999999999}`,
		"giant number":       `{"code":"c","x":` + strings.Repeat("9", 30000) + `}`,
		"raw control":        "{\"code\":\"a\x01\"}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.do(t, "POST", "/api/login", body).want(t, 400, "MALFORMED_JSON")
		})
	}
}

func TestEmptyBodyIsMalformed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.do(t, "POST", "/api/login", "").want(t, 400, "MALFORMED_JSON")
	s.do(t, "POST", "/api/login", "", header{"Content-Type": "application/json"}).want(t, 400, "MALFORMED_JSON")
}

func TestContentTypeMustBeJSON(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, refused := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=gbk",
		"application/jsonp", "application/json, text/plain", "json", ";", "application/vnd.api+json",
	} {
		request, _ := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/login", strings.NewReader(`{"code":"c"}`))
		if refused != "" {
			request.Header.Set("Content-Type", refused)
		}
		s.send(t, request).want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
	}
	for _, accepted := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"} {
		s.do(t, "POST", "/api/login", `{"code":"c"}`, header{"Content-Type": accepted}).want(t, 401, "WECHAT_CODE_INVALID")
	}
	s.do(t, "POST", "/api/login", `{"code":"c"}`, header{"Content-Encoding": "gzip"}).want(t, 415, "UNSUPPORTED_MEDIA_TYPE")
}

func TestBodyOver64KiBIsTooLarge(t *testing.T) {
	t.Parallel()
	s := setup(t)
	fits := `{"code":"c","x":"` + strings.Repeat("a", 64<<10-19) + `"}`
	if len(fits) != 64<<10 {
		t.Fatalf("%d bytes", len(fits))
	}
	s.do(t, "POST", "/api/login", fits).want(t, 401, "WECHAT_CODE_INVALID")
	s.do(t, "POST", "/api/login", fits+" ").want(t, 413, "BODY_TOO_LARGE")

	chunked, _ := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/login", io.MultiReader(strings.NewReader(fits+" ")))
	chunked.Header.Set("Content-Type", "application/json")
	s.send(t, chunked).want(t, 413, "BODY_TOO_LARGE")
}

func TestRoutesWithoutABodyMindNoBody(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data := s.signIn(t, "li")
	reply := s.do(t, "POST", "/api/logout", `{"anything":`, as(data.Token), header{"Content-Type": "text/plain"})
	if reply.status != http.StatusOK {
		t.Errorf("got %d %s", reply.status, reply.body)
	}
}
