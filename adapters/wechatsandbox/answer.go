package wechatsandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// The failures WeChat answers with, and the texts seen with them.
const (
	errSystem      = -1
	errGrantType   = 40002
	errAppID       = 40013
	errCode        = 40029
	errURL         = 40066
	errSecret      = 40125
	errCodeUsed    = 40163
	errBlocked     = 40226
	errNoAppID     = 41002
	errNoSecret    = 41004
	errNoCode      = 41008
	errMinuteLimit = 45011
)

var errTexts = map[int]string{
	errSystem:      "system error",
	errGrantType:   "invalid grant_type",
	errAppID:       "invalid appid",
	errCode:        "invalid code",
	errURL:         "invalid url",
	errSecret:      "invalid appsecret",
	errCodeUsed:    "code been used",
	errBlocked:     "code blocked",
	errNoAppID:     "appid missing",
	errNoSecret:    "appsecret missing",
	errNoCode:      "missing code",
	errMinuteLimit: "api minute-quota reach limit  mustslower  retry next minute",
}

// answer is what an endpoint says; WeChat puts failures, too, under HTTP status 200.
type answer struct {
	errcode int
	body    []byte
}

type status struct {
	Errcode int    `json:"errcode"`
	Errmsg  string `json:"errmsg"`
}

// fail answers with errcode and the text known for it.
func (s *Server) fail(errcode int) answer { return s.failWith(errcode, errText(errcode)) }

func errText(errcode int) string { return cmp.Or(errTexts[errcode], "sandbox error") }

func (s *Server) failWith(errcode int, text string) answer {
	return answer{errcode: errcode, body: encode(status{Errcode: errcode, Errmsg: text + ", rid: " + s.newRID()})}
}

func succeed(fields any) answer { return answer{body: encode(fields)} }

// newRID makes a trace id in WeChat's shape, whose first group is the time.
func (s *Server) newRID() string {
	return fmt.Sprintf("%08x-%08x-%08x", uint32(s.now().Unix()), rand.Uint32(), rand.Uint32())
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode sandbox answer: %v", err)) // only for a type that JSON cannot hold
	}
	return body
}

// send writes body in one piece, labelled text/plain as WeChat does.
func send(w http.ResponseWriter, body []byte) {
	setHeader(w, len(body))
	_, _ = w.Write(body)
}

func setHeader(w http.ResponseWriter, length int) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(length))
}
