package wechatsandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

const controlPrefix = "/_sandbox/"

// control is one control endpoint; Example is the body of a curl call that shows it at work.
type control struct {
	Method, Path, Chinese, English, Example string

	// do gets the request's body and returns what to answer; an error is the caller's fault.
	do func(body []byte) (any, error)
}

func (s *Server) controls() []control {
	return []control{
		{"POST", "/_sandbox/codes", "生成登录 code", "mint a login code", `{"person":"alice"}`, s.controlMint},
		{"POST", "/_sandbox/people", "拦截用户、隐藏 unionid", "block people, hide the unionid", `{"person":"alice","blocked":true}`, s.controlPeople},
		{"GET", "/_sandbox/faults", "查看故障脚本", "list what is left of the fault script", "", s.controlFaults},
		{"POST", "/_sandbox/faults", "安排接下来的故障", "script the next answers", `{"kind":"errcode","errcode":-1,"times":2}`, s.controlAddFault},
		{"DELETE", "/_sandbox/faults", "清除故障脚本", "end the fault script", "", s.controlClearFaults},
		{"GET", "/_sandbox/clock", "查看时间", "tell the sandbox's time", "", s.controlClock},
		{"POST", "/_sandbox/clock", "拨快或拨慢时间", "set how far the clock runs ahead", `{"shift":"6m"}`, s.controlShift},
		{"GET", "/_sandbox/journal", "最近的请求", "show the latest requests", "", s.controlJournal},
		{"GET", "/_sandbox/counters", "计数", "show the counters", "", s.controlCounters},
	}
}

// newControl routes the controls. Pages of other sites, which a browser lets post to loopback, are refused.
func (s *Server) newControl() http.Handler {
	mux, all := http.NewServeMux(), s.controls()
	for _, c := range all {
		mux.Handle(c.Method+" "+c.Path, c)
	}
	mux.HandleFunc(controlPrefix, func(w http.ResponseWriter, r *http.Request) { refuseUnknown(w, r, all) })
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "requests from pages of another origin are refused", "")
	}))
	return guard.Handler(mux)
}

// ServeHTTP answers with JSON; a refusal carries a call that works.
func (c control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("body is cut off or larger than %d bytes", maxBody), "")
		return
	}
	result, err := c.do(body)
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
