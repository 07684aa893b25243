package wechatsandbox

import (
	"time"
)

const (
	pathToken       = "/cgi-bin/token"
	pathStableToken = "/cgi-bin/stable_token"
	grantToken      = "client_credential"
)

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// tokenRequest is what both token APIs ask for.
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	AppID        string `json:"appid"`
	Secret       string `json:"secret"`
	ForceRefresh bool   `json:"force_refresh"`
}

// classicToken issues a new token each time and lets the one before die in five minutes. GET only, all in the query.
func (s *Server) classicToken(c *call) answer {
	query := c.query()
	in := tokenRequest{GrantType: query.Get("grant_type"), AppID: query.Get("appid"), Secret: query.Get("secret")}
	return s.fetchToken(c, in, func(now time.Time) (*token, int) {
		line := s.tokens.line(in.AppID, pathToken)
		return s.tokens.issue(line, in.AppID, now, s.opts.TokenTTL), 0
	})
}

// stableToken tells the token in force, and renews it when five minutes are left or when forced to.
func (s *Server) stableToken(c *call) answer {
	var in tokenRequest
	if errcode := c.decodePost(&in); errcode != 0 {
		return s.fail(errcode)
	}
	return s.fetchToken(c, in, func(now time.Time) (*token, int) {
		line := s.tokens.line(in.AppID, pathStableToken)
		// Asked again within half a minute, WeChat tells the token in force instead of renewing it.
		if age := now.Sub(line.forcedAt); in.ForceRefresh && (age < 0 || age >= forceInterval) {
			if errcode := s.quotas.take(in.AppID, ForceRefresh, now); errcode != 0 {
				return nil, errcode
			}
			line.kill()
			line.forcedAt = now
		}
		if latest := line.latest(); latest != nil && latest.dies.Sub(now) > tokenOverlap {
			return latest, 0
		}
		return s.tokens.issue(line, in.AppID, now, s.opts.TokenTTL), 0
	})
}

// fetchToken checks who asks, and answers with the token that obtain comes to under the lock.
func (s *Server) fetchToken(c *call, in tokenRequest, obtain func(time.Time) (*token, int)) answer {
	c.entry.AppID = s.showAppID(in.AppID)
	if errcode := s.checkTokenRequest(in); errcode != 0 {
		return s.fail(errcode)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	rule := s.appRules[in.AppID]
	if errcode := rule.checkIP(c.RemoteAddr); errcode != 0 {
		return s.failWith(errcode, ipText(errcode, c.RemoteAddr))
	}
	if errcode := s.quotas.take(in.AppID, c.URL.Path, now); errcode != 0 {
		return s.fail(errcode)
	}
	t, errcode := obtain(now)
	if errcode != 0 {
		return s.fail(errcode)
	}
	s.tokens.fetches++
	c.entry.Token = fingerprint(t.text)
	result := tokenAnswer{AccessToken: t.text, ExpiresIn: int64(t.dies.Sub(now) / time.Second)}
	if rule.ExpiresIn != nil {
		result.ExpiresIn = *rule.ExpiresIn
	}
	if c.fault.Kind == FaultEmptyToken {
		result.AccessToken = ""
	}
	return succeed(result)
}

func (s *Server) checkTokenRequest(in tokenRequest) (errcode int) {
	switch {
	case in.AppID == "":
		return errNoAppID
	case in.Secret == "":
		return errNoSecret
	case in.GrantType != grantToken:
		return errGrantType
	}
	return s.checkSecret(in.AppID, in.Secret)
}
