package config

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/menjin-id/menjin/adapters/pkcs11"
	"github.com/menjin-id/menjin/adapters/transit"
	"github.com/menjin-id/menjin/domain"
)

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
