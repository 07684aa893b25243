package wechatsandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

const (
	pathCheckSession = "/wxa/checksession"
	pathResetSession = "/wxa/resetusersessionkey"
	sigMethod        = "hmac_sha256"
)

// signSession is the login-state signature. Its key is the session_key as text, not the bytes that the text encodes.
func signSession(sessionKey, message string) string {
	mac := hmac.New(sha256.New, []byte(sessionKey))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// checkSession says whether the caller still holds the person's session_key.
func (s *Server) checkSession(c *call) answer {
	return s.withSession(c, func(*user) answer { return succeed(ok) })
}

// resetSession replaces the session_key at once; the new one lives no longer than the old one would have.
func (s *Server) resetSession(c *call) answer {
	return s.withSession(c, func(u *user) answer {
		now := s.now()
		if age := now.Sub(u.resetAt); age >= 0 && age < s.opts.ResetInterval {
			return s.fail(errMinuteLimit)
		}
		u.resetAt = now
		u.replaceKey(now)
		return succeed(struct {
			status
			OpenID     string `json:"openid"`
			SessionKey string `json:"session_key"`
		}{ok, u.openID, u.sessionKey})
	})
}

// withSession runs do, under the lock, for the user whose session_key signed the query.
func (s *Server) withSession(c *call, do func(*user) answer) answer {
	appID, errcode := s.authorize(c)
	if errcode != 0 {
		return s.fail(errcode)
	}
	query := c.query()
	openID, signature := query.Get("openid"), query.Get("signature")
	switch {
	case openID == "", signature == "":
		return s.fail(errArgs)
	case query.Get("sig_method") != sigMethod:
		return s.fail(errSigMethod)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users.find(appID, openID)
	if u == nil {
		return s.fail(errSessionExpired)
	}
	c.entry.Person = u.person
	key := u.liveKey(now)
	if key == "" {
		return s.fail(errSessionExpired)
	}
	if !hmac.Equal([]byte(signature), []byte(signSession(key, ""))) {
		return s.fail(errSignature)
	}
	return do(u)
}
