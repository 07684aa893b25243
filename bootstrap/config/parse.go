package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/menjin-id/menjin/adapters/pkcs11"
	"github.com/menjin-id/menjin/adapters/transit"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// No error of a parser quotes the text: it may be a secret.

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		return nil
	}
}

func secret(field func(*Config) *domain.Secret) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = domain.NewSecret(text)
		return nil
	}
}

func address(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		return checkAddress(text)
	}
}

func optionalAddress(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = text
		if text == "" {
			return nil
		}
		return checkAddress(text)
	}
}

func checkAddress(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("must be host:port, e.g. 127.0.0.1:8080 or :8080")
	}
	return nil
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("must be true or false")
		}
		*field(c) = value
		return nil
	}
}

func number(least, most int, field func(*Config) *int) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := strconv.Atoi(text)
		if err != nil || value < least || value > most {
			return fmt.Errorf("must be a number from %d to %d", least, most)
		}
		*field(c) = value
		return nil
	}
}

func duration(least, most time.Duration, field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, text string) error {
		value, err := time.ParseDuration(text)
		if err != nil || value < least || value > most {
			return fmt.Errorf("must be a duration from %s to %s, e.g. 30m", least, most)
		}
		*field(c) = value
		return nil
	}
}

// rate reads "600/1m": so many at once, and again in each such time.
func rate(field func(*Config) *ports.Rate) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = ports.Rate{}
		if text == "0" {
			return nil
		}
		burst, per, _ := strings.Cut(text, "/")
		count, err := strconv.Atoi(burst)
		every, everyErr := time.ParseDuration(per)
		if err != nil || everyErr != nil || count < 1 || every < time.Second || every > 24*time.Hour {
			return errors.New("must be a number and a time of 1s to 24h, e.g. 600/1m, or 0 for no limit")
		}
		*field(c) = ports.Rate{Burst: count, Per: every}
		return nil
	}
}

func oneOf(allowed ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(allowed, text) {
			return fmt.Errorf("must be %s", strings.Join(allowed, " or "))
		}
		return nil
	}
}

func list(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, text string) error {
		*field(c) = splitList(text)
		return nil
	}
}

// splitList reads "a, b" and, as it comes from a YAML list, "a,b".
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func parseProxies(c *Config, text string) error {
	for _, item := range splitList(text) {
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			return errors.New("must be CIDRs, e.g. 10.0.0.0/8")
		}
		c.HTTP.TrustedProxies = append(c.HTTP.TrustedProxies, prefix)
	}
	return nil
}

func parseOrigins(c *Config, text string) error {
	for _, item := range splitList(text) {
		origin, err := url.Parse(item)
		if err != nil || (origin.Scheme != "http" && origin.Scheme != "https") || origin.Host == "" ||
			origin.Path != "" || origin.RawQuery != "" || origin.User != nil {
			return errors.New("must be origins, e.g. https://example.com, without a path; * is not accepted")
		}
		c.HTTP.CORSOrigins = append(c.HTTP.CORSOrigins, item)
	}
	return nil
}

func parseDatabase(c *Config, text string) error {
	c.Database.URL = domain.NewSecret(text)
	if text == SQLite {
		return nil
	}
	return checkURLs(text, false, "must be sqlite or postgres://user:password@host/database", "postgres", "postgresql")
}

func parseSessions(c *Config, text string) error {
	c.Sessions.URL = domain.NewSecret(text)
	if text == SameDatabase {
		return nil
	}
	return checkURLs(text, true, "must be database, redis://host:port or rediss://host:port, several with commas", "redis", "rediss")
}

func parseEvents(c *Config, text string) error {
	c.Events.URL = domain.NewSecret(text)
	if text == Embedded {
		return nil
	}
	return checkURLs(text, true, "must be embedded, nats://host:port or tls://host:port, several with commas", "nats", "tls")
}

func checkURLs(text string, several bool, complaint string, schemes ...string) error {
	items := []string{text}
	if several {
		items = splitList(text)
	}
	if len(items) == 0 {
		return errors.New(complaint)
	}
	for i, item := range items {
		if i > 0 && !strings.Contains(item, "://") {
			item = schemes[0] + "://" + item
		}
		address, err := url.Parse(item)
		if err != nil || !slices.Contains(schemes, address.Scheme) || (address.Host == "" && address.Path == "" && address.RawQuery == "") {
			return errors.New(complaint)
		}
	}
	return nil
}

// parseVault leaves it to the keeper of the key to read its address.
func parseVault(c *Config, text string) error {
	c.Vault.URL = text
	switch {
	case text == LocalKey:
		return nil
	case c.PKCS11MasterKey():
		return pkcs11.Check(text)
	default:
		return transit.Check(text)
	}
}

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

func parseAlgorithm(c *Config, text string) error {
	c.Token.Algorithm = text
	return oneOf("EdDSA", "ES256")(text)
}

func parseLevel(c *Config, text string) error {
	if err := c.Log.Level.UnmarshalText([]byte(text)); err != nil {
		return errors.New("must be debug, info, warn or error")
	}
	return nil
}

func parseLogFormat(c *Config, text string) error {
	c.Log.Format = text
	return oneOf("text", "json")(text)
}
