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
	errSystem         = -1
	errNoHash         = 1
	errToken          = 40001
	errGrantType      = 40002
	errAppID          = 40013
	errNotAToken      = 40014
	errCode           = 40029
	errURL            = 40066
	errArgs           = 40097
	errSecret         = 40125
	errCodeUsed       = 40163
	errIP             = 40164
	errBlocked        = 40226
	errNoToken        = 41001
	errNoAppID        = 41002
	errNoSecret       = 41004
	errNoCode         = 41008
	errTokenExpired   = 42001
	errNotPost        = 43002
	errNoBody         = 44002
	errDayLimit       = 45009
	errMinuteLimit    = 45011
	errNotJSON        = 47001
	errClearLimit     = 48006
	errSessionExpired = 87007
	errSigMethod      = 87008
	errSignature      = 87009
	errIPUnknown      = 89503
	errIPDeniedDay    = 89506
	errIPDeniedHour   = 89507
)

var errTexts = map[int]string{
	errSystem: "system error",
	errNoHash: "hash not exist",
	errToken: "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, " +
		"more details at https://mmbizurl.cn/s/JtxxFh33r",
	errGrantType:      "invalid grant_type",
	errAppID:          "invalid appid",
	errNotAToken:      "invalid access_token",
	errCode:           "invalid code",
	errURL:            "invalid url",
	errArgs:           "invalid args",
	errSecret:         "invalid appsecret",
	errCodeUsed:       "code been used",
	errBlocked:        "code blocked",
	errNoToken:        "access_token missing",
	errNoAppID:        "appid missing",
	errNoSecret:       "appsecret missing",
	errNoCode:         "missing code",
	errTokenExpired:   "access_token expired",
	errNotPost:        "require POST method",
	errNoBody:         "empty post data",
	errDayLimit:       "reach max api daily quota limit",
	errMinuteLimit:    "api minute-quota reach limit  mustslower  retry next minute",
	errNotJSON:        "data format error",
	errClearLimit:     "forbid to clear quota because of reaching the limit",
	errSessionExpired: "session_key is not existd or expired",
	errSigMethod:      "invalid sig_method",
	errSignature:      "invalid signature",
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

// ok is what the APIs say that tell their success; the rest is silent.
var ok = status{Errmsg: "ok"}

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
