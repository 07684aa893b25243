package wechatsandbox

import (
	"cmp"
	"net/http"
)

const (
	pathClearQuota         = "/cgi-bin/clear_quota"
	pathClearQuotaBySecret = "/cgi-bin/clear_quota/v2"
)

// clearQuota forgets what the app of the access_token has used.
func (s *Server) clearQuota(c *call) answer {
	appID, errcode := s.authorize(c)
	if errcode != 0 {
		return s.fail(errcode)
	}
	var in struct {
		AppID string `json:"appid"`
	}
	if errcode := c.decodePost(&in); errcode != 0 {
		return s.fail(errcode)
	}
	if in.AppID != appID {
		return s.fail(errAppID)
	}
	return s.clearUsage(appID)
}

// clearQuotaBySecret needs no token, whose own quota may be what is used up. It takes query and JSON alike.
func (s *Server) clearQuotaBySecret(c *call) answer {
	if c.Method != http.MethodPost {
		return s.fail(errNotPost)
	}
	var in struct {
		AppID  string `json:"appid"`
		Secret string `json:"appsecret"`
	}
	if len(c.body) > 0 {
		if errcode := c.decodePost(&in); errcode != 0 {
			return s.fail(errcode)
		}
	}
	query := c.URL.Query()
	in.AppID, in.Secret = cmp.Or(in.AppID, query.Get("appid")), cmp.Or(in.Secret, query.Get("appsecret"))
	c.entry.AppID = s.showAppID(in.AppID)
	switch {
	case in.AppID == "":
		return s.fail(errNoAppID)
	case in.Secret == "":
		return s.fail(errNoSecret)
	}
	if errcode := s.checkSecret(in.AppID, in.Secret); errcode != 0 {
		return s.fail(errcode)
	}
	return s.clearUsage(in.AppID)
}

func (s *Server) clearUsage(appID string) answer {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if errcode := s.quotas.clear(appID, now); errcode != 0 {
		return s.fail(errcode)
	}
	return succeed(ok)
}
