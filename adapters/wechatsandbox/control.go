package wechatsandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	controlPrefix = "/_sandbox/"
	pushExample   = `{"url":"http://127.0.0.1:8080/wechat/push/` + DemoAppID + `","token":"TOKEN","event":"user_authorization_revoke","person":"alice","revoke_info":"8"}`
)

// control is one control endpoint; Example is the body of a curl call that shows it at work.
type control struct {
	Method, Path, Chinese, English, Example string

	// do gets the request's body and returns what to answer; an error is the caller's fault.
	do func(ctx context.Context, body []byte) (any, error)
}

func (s *Server) controls() []control {
	return []control{
		{"POST", "/_sandbox/codes", "生成登录 code", "mint a login code", `{"person":"alice"}`, s.controlMint},
		{"POST", "/_sandbox/phone_codes", "生成手机号 code", "mint a phone code", `{"person":"alice","country_code":"86"}`, s.controlMintPhone},
		{"POST", "/_sandbox/encrypted_data", "生成加密数据（用户须先登录）", "encrypt data of a person who has logged in", `{"person":"alice","kind":"phone","fault":"old"}`, s.controlEncrypt},
		{"POST", "/_sandbox/push", "推送消息到本机地址", "push a message to an address on this machine", pushExample, s.controlPush},
		{"POST", "/_sandbox/people", "拦截用户、隐藏 unionid", "block people, hide the unionid", `{"person":"alice","blocked":true}`, s.controlPeople},
		{"POST", "/_sandbox/tokens", "使 access_token 失效（kill）或过期（expire）", "kill or expire the access tokens", `{"action":"kill"}`, s.controlTokens},
		{"POST", "/_sandbox/apps", "设置 IP 白名单与异常 expires_in", "set who may fetch tokens, and what expires_in says", `{"allowed_ips":["10.0.0.0/8"],"ip_errcode":40164}`, s.controlApps},
		{"GET", "/_sandbox/quotas", "查看调用限额", "list the quotas", "", s.controlQuotas},
		{"POST", "/_sandbox/quotas", "设置每分钟、每日限额", "set the quota of an API", `{"api":"/cgi-bin/token","minute":10,"day":2000}`, s.controlSetQuota},
		{"GET", "/_sandbox/faults", "查看故障脚本", "list what is left of the fault script", "", s.controlFaults},
		{"POST", "/_sandbox/faults", "安排接下来的故障", "script the next answers", `{"kind":"errcode","errcode":-1,"times":2}`, s.controlAddFault},
		{"DELETE", "/_sandbox/faults", "清除故障脚本", "end the fault script", "", s.controlClearFaults},
		{"GET", "/_sandbox/clock", "查看时间", "tell the sandbox's time", "", s.controlClock},
		{"POST", "/_sandbox/clock", "拨快或拨慢时间", "set how far the clock runs ahead", `{"shift":"6m"}`, s.controlShift},
		{"GET", "/_sandbox/journal", "最近的请求", "show the latest requests", "", s.controlJournal},
		{"GET", "/_sandbox/counters", "计数", "show the counters", "", s.controlCounters},
	}
}

// newControl routes the controls.
func (s *Server) newControl() http.Handler {
	mux, all := http.NewServeMux(), s.controls()
	for _, c := range all {
		mux.Handle(c.Method+" "+c.Path, c)
	}
	mux.HandleFunc(controlPrefix, func(w http.ResponseWriter, r *http.Request) { refuseUnknown(w, r, all) })
	return guardOrigin(mux)
}

// ServeHTTP answers with JSON; a refusal carries a call that works.
func (c control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("body is cut off or larger than %d bytes", maxBody), "")
		return
	}
	result, err := c.do(r.Context(), body)
	if err != nil {
		refuse(w, controlStatus(err), err.Error(), c.Curl("http://"+r.Host))
		return
	}
	writeJSON(w, http.StatusOK, result)
}

// Curl is the command line that plays the example.
func (c control) Curl(base string) string {
	line := "curl "
	if c.Method != http.MethodGet {
		line += "-X " + c.Method + " "
	}
	line += base + c.Path
	if c.Example != "" {
		line += " -d '" + c.Example + "'"
	}
	return line
}

func refuseUnknown(w http.ResponseWriter, r *http.Request, all []control) {
	known := make([]string, len(all))
	for i, c := range all {
		known[i] = c.Method + " " + c.Path
	}
	text := fmt.Sprintf("no control %s %s; there are %s", clip(r.Method), clip(r.URL.Path), strings.Join(known, ", "))
	refuse(w, http.StatusNotFound, text, "")
}

func controlStatus(err error) int {
	switch {
	case errors.Is(err, ErrUnknownApp):
		return http.StatusNotFound
	case errors.Is(err, ErrTooManyCodes), errors.Is(err, ErrTooManyRules):
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func refuse(w http.ResponseWriter, code int, text, example string) {
	writeJSON(w, code, struct {
		Error   string `json:"error"`
		Example string `json:"example,omitempty"`
	}{text, example})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}

// decode reads body into v, unless it is blank, and refuses fields that v does not have.
func decode(body []byte, v any) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("body is not the JSON expected: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if decoder.More() {
		return errors.New("body holds more than one JSON value")
	}
	return nil
}
