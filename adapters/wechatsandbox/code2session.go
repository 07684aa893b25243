package wechatsandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
)

const pathCode2Session = "/sns/jscode2session"

type sessionAnswer struct {
	SessionKey string `json:"session_key"`
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid,omitempty"`
	*status           // absent from most successes
}

// code2Session trades a login code for openid and session_key: GET only, and everything in the query.
func (s *Server) code2Session(c *call) answer {
	query := c.query()
	appID, code := query.Get("appid"), query.Get("js_code")
	c.entry.AppID, c.entry.Code = s.showAppID(appID), fingerprint(code)
	if errcode := s.checkQuery(query); errcode != 0 {
		return s.fail(errcode)
	}
	result, errcode := s.redeem(c, appID, code)
	if errcode != 0 {
		return s.fail(errcode)
	}
	if s.opts.WithErrcode {
		result.status = &status{Errmsg: "ok"}
	}
	result.bend(c.fault.Kind)
	return succeed(result)
}

func (s *Server) checkQuery(query url.Values) (errcode int) {
	switch {
	case query.Get("appid") == "":
		return errNoAppID
	case query.Get("secret") == "":
		return errNoSecret
	case query.Get("js_code") == "":
		return errNoCode
	case query.Get("grant_type") != "authorization_code":
		return errGrantType
	}
	return s.checkSecret(query.Get("appid"), query.Get("secret"))
}

// checkSecret compares digests, so that neither content nor length of the secret shows in the time taken.
func (s *Server) checkSecret(appID, secret string) (errcode int) {
	want, ok := s.secrets[appID]
	if !ok {
		return errAppID
	}
	got := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return errSecret
	}
	return 0
}

// redeem spends the code. The limits leave it unspent; a blocked person loses it.
func (s *Server) redeem(c *call, appID, text string) (_ sessionAnswer, errcode int) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.codes.find(text, now)
	if code == nil || code.appID != appID {
		return sessionAnswer{}, errCode
	}
	c.entry.Person = code.person
	if code.spent {
		return sessionAnswer{}, errCodeUsed
	}
	if errcode := s.quotas.take(appID, pathCode2Session, now); errcode != 0 {
		return sessionAnswer{}, errcode
	}
	u := s.users.touch(code)
	if !u.allow(now, s.opts.MinuteLimit) {
		return sessionAnswer{}, errMinuteLimit
	}
	s.codes.spend(code)
	rules := s.rules.forPerson(appID, code.person)
	if rules.blocked {
		return sessionAnswer{}, errBlocked
	}
	if u.sessionKey == "" { // forgotten between login and exchange
		u.rotateKey(now, s.opts)
	}
	result := sessionAnswer{SessionKey: u.sessionKey, OpenID: code.openID}
	if !rules.hideUnionID {
		result.UnionID = s.UnionID(code.person)
	}
	return result, 0
}

func (a *sessionAnswer) bend(kind FaultKind) {
	switch kind {
	case FaultEmptyOpenID:
		a.OpenID = ""
	case FaultShortSessionKey:
		a.SessionKey = base64.StdEncoding.EncodeToString([]byte("too short"))
	case FaultWithErrcode:
		a.status = &status{Errmsg: "ok"}
	case FaultWithoutErrcode:
		a.status = nil
	}
}
