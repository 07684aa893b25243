package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/domain"
)

func parseBaseURL(c *Config, text string) error {
	c.WeChat.BaseURL = strings.TrimSuffix(text, "/")
	if text == Sandbox {
		return nil
	}
	base, err := url.Parse(text)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" || base.RawQuery != "" || base.User != nil {
		return errors.New("must be sandbox or an http or https address")
	}
	return nil
}

func parseAppID(c *Config, text string) error {
	firstApp(c).ID = domain.AppID(text)
	return checkAppID(text)
}

func checkAppID(text string) error {
	plain := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	if text != "" && (!strings.HasPrefix(text, "wx") || len(text) > 64 || strings.IndexFunc(text, plain) >= 0) {
		return errors.New("must be an AppID, e.g. wx0123456789abcdef")
	}
	return nil
}

func firstApp(c *Config) *App {
	if len(c.WeChat.Apps) == 0 {
		c.WeChat.Apps = make([]App, 1)
	}
	return &c.WeChat.Apps[0]
}

func parsePushAESKey(c *Config, text string) error {
	firstApp(c).PushAESKey = domain.NewSecret(text)
	return checkPushAESKey(text)
}

// checkPushAESKey decodes without Strict: half of the published keys have trailing bits set.
func checkPushAESKey(text string) error {
	if key, err := base64.StdEncoding.DecodeString(text + "="); text != "" && (err != nil || len(text) != 43 || len(key) != 32) {
		return errors.New("must be an EncodingAESKey of 43 characters")
	}
	return nil
}

func parseApps(c *Config, text string) error {
	if text == "" {
		return nil
	}
	var entries []map[string]string
	if err := yaml.Unmarshal([]byte(text), &entries); err != nil {
		return errors.New(`must be a list of mappings, in the environment as JSON: [{"app_id": "wx…", "app_secret": "…"}]`)
	}
	for i, entry := range entries {
		app := App{
			ID: domain.AppID(entry["app_id"]), Secret: domain.NewSecret(entry["app_secret"]),
			PushToken: domain.NewSecret(entry["push_token"]), PushAESKey: domain.NewSecret(entry["push_aes_key"]),
		}
		for key := range entry {
			if !slices.Contains([]string{"app_id", "app_secret", "push_token", "push_aes_key"}, key) {
				return fmt.Errorf("entry %d has an unknown key %q", i+1, key)
			}
		}
		if app.ID == "" || app.Secret.IsZero() {
			return fmt.Errorf("entry %d needs app_id and app_secret", i+1)
		}
		if err := errors.Join(checkAppID(entry["app_id"]), checkPushAESKey(entry["push_aes_key"])); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		firstApp(c)
		c.WeChat.Apps = append(c.WeChat.Apps, app)
	}
	return nil
}
