package wechatsandbox

import "fmt"

// KillToken ends the tokens of an app at WeChat's side, as when somebody else renewed them: their next use answers 40001
// and the next fetch brings a new one. An empty appID means the first app. It returns ErrUnknownApp.
func (s *Server) KillToken(appID string) error {
	if err := s.eachLine(appID, (*tokenLine).kill); err != nil {
		return fmt.Errorf("kill tokens: %w", err)
	}
	return nil
}

// ExpireToken ends the tokens of an app as if their time were over: their next use answers 42001. An empty appID means
// the first app. It returns ErrUnknownApp.
func (s *Server) ExpireToken(appID string) error {
	if err := s.eachLine(appID, (*tokenLine).expire); err != nil {
		return fmt.Errorf("expire tokens: %w", err)
	}
	return nil
}

func (s *Server) eachLine(appID string, end func(*tokenLine)) error {
	appID, _ = s.orDefault(appID, "")
	if err := s.checkApp(appID); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range []string{pathToken, pathStableToken} {
		end(s.tokens.line(appID, path))
	}
	return nil
}

// authorize tells which app the access_token in the query speaks for, and counts the call against its quota.
func (s *Server) authorize(c *call) (appID string, errcode int) {
	text := c.URL.Query().Get("access_token")
	c.entry.Token = fingerprint(text)
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	appID, errcode = s.tokens.check(text, now)
	if errcode != 0 {
		return "", errcode
	}
	c.entry.AppID = appID
	return appID, s.quotas.take(appID, c.URL.Path, now)
}
