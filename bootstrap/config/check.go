package config

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/bootstrap/certfile"
)

// check finds what no single value shows: what is missing, does not go together, or is not for production.
func (c *Config) check() []Fault {
	faults := c.checkAlways()
	if c.Profile == Production {
		faults = append(faults, c.checkProduction()...)
	}
	return faults
}

func (c *Config) checkAlways() []Fault {
	var faults []Fault
	need := func(ok bool, key, reason string) {
		if !ok {
			faults = append(faults, Fault{key, reason})
		}
	}
	app := firstApp(c)
	need(c.DataDir != "", "data_dir", "must not be empty")
	need(app.ID != "", "wechat.app_id", "is missing: the AppID of the mini-program")
	need(!app.Secret.IsZero(), "wechat.app_secret", "is missing: the AppSecret of the mini-program")
	need(c.Token.Issuer != "", "token.issuer", "must not be empty")
	need(c.Token.Audience != "", "token.audience", "must not be empty")
	need((c.HTTP.TLSCertFile == "") == (c.HTTP.TLSKeyFile == ""), "http.tls_key_file", "goes with http.tls_cert_file; set both or neither")
	for key, reason := range c.checkKeys() {
		faults = append(faults, Fault{key, reason})
	}
	need(!c.PKCS11MasterKey() || !c.Vault.PIN.IsZero(), "vault.pin", "is missing: the PIN of the token in vault.url")
	need(c.LocalMasterKey() || c.PKCS11MasterKey() || !c.Vault.Token.IsZero(), "vault.token", "is missing: the token for the key in vault.url")
	need(c.Session.Idle <= c.Session.Refresh, "session.idle_ttl", "must not be longer than session.refresh_ttl")
	need(c.Session.Refresh <= c.Session.MaxAge, "session.refresh_ttl", "must not be longer than session.max_age")
	need(!c.Traces.Continue || len(c.HTTP.TrustedProxies) > 0, "traces.continue", "goes with http.trusted_proxies, whose traceparent it means")
	for i, app := range c.WeChat.Apps {
		first := slices.IndexFunc(c.WeChat.Apps, func(other App) bool { return other.ID == app.ID })
		need(first == i, "wechat.apps", "names an app_id twice")
		need(app.PushAESKey.IsZero() || !app.PushToken.IsZero(), appKey(i, "push_token"),
			"is missing: without a token nothing that WeChat pushes to "+string(app.ID)+" is taken")
	}
	return faults
}

func (c *Config) checkProduction() []Fault {
	var faults []Fault
	refuse := func(bad bool, key, reason string) {
		if bad {
			faults = append(faults, Fault{key, reason})
		}
	}
	app := firstApp(c)
	refuse(c.SandboxWanted(), "wechat.base_url", "must not be the sandbox in production")
	refuse(app.ID == sampleAppID, "wechat.app_id", "must not be the sample in production")
	for i, app := range c.WeChat.Apps {
		refuse(looksLikeSample(app.Secret.Reveal()), appKey(i, "app_secret"), "must not be a sample in production")
		if app.PushToken.IsZero() {
			continue
		}
		token := app.PushToken.Reveal()
		refuse(looksLikeSample(token), appKey(i, "push_token"), "must not be a sample in production")
		refuse(len(token) < minPushToken, appKey(i, "push_token"),
			"must have 16 characters or more in production: whoever guesses it can have users deleted")
		refuse(app.PushAESKey.IsZero(), appKey(i, "push_aes_key"),
			"is missing: without it the signature says nothing of a message, which production does not take")
	}
	refuse(c.LocalMasterKey() && c.Vault.Keyset.IsZero(), "vault.keyset",
		"is missing: production does not make keys by itself; make one with menjin keys new, or name another master key in vault.url")
	for _, link := range c.links() {
		refuse(link.plain && !c.plaintextAllowed(link.host), link.key,
			"would reach "+link.host+" without TLS; use TLS, or name the host in security.plaintext_hosts")
	}
	return faults
}

// minPushToken is half of the longest token that WeChat's console takes.
const minPushToken = 16

// appKey is where a setting of a mini-program is given.
func appKey(i int, name string) string {
	if i == 0 {
		return "wechat." + name
	}
	return "wechat.apps"
}

// looksLikeSample catches the secrets of examples. A real AppSecret is 32 hexadecimal digits.
func looksLikeSample(secret string) bool {
	secret = strings.ToLower(secret)
	for _, word := range []string{sampleSecret, "changeme", "change-me", "example", "your", "sample", "secret", "xxxx", "todo"} {
		if strings.Contains(secret, word) {
			return true
		}
	}
	return secret != "" && strings.Trim(secret, secret[:1]) == ""
}

func (c *Config) plaintextAllowed(host string) bool {
	return isLocal(host) || slices.Contains(c.Security.PlaintextHosts, host)
}

// isLocal reports whether a connection to host stays on this machine.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || strings.HasPrefix(host, "/") || (ip != nil && ip.IsLoopback())
}

// link is a connection to another host.
type link struct {
	key   string
	host  string
	plain bool
}

func (c *Config) links() []link {
	var links []link
	if base, err := url.Parse(c.WeChat.BaseURL); err == nil && !c.SandboxWanted() {
		links = append(links, link{"wechat.base_url", base.Hostname(), base.Scheme == "http"})
	}
	if base, err := url.Parse(c.Database.URL.Reveal()); err == nil && !c.EmbeddedDatabase() {
		mode := base.Query().Get("sslmode")
		plain := mode != "require" && mode != "verify-ca" && mode != "verify-full"
		// The driver lets hosts in the query go before those in front of it; either may be several.
		for _, hosts := range append([]string{base.Host}, base.Query()["host"]...) {
			for _, host := range splitList(hosts) {
				links = append(links, link{"database.url", hostname(host), plain})
			}
		}
	}
	if base, err := url.Parse(c.Vault.URL); err == nil && !c.LocalMasterKey() && !c.PKCS11MasterKey() {
		links = append(links, link{"vault.url", base.Hostname(), base.Scheme == "http"})
	}
	if base, err := url.Parse(c.Traces.Endpoint); err == nil && c.Traces.Endpoint != "" {
		links = append(links, link{"traces.endpoint", base.Hostname(), base.Scheme == "http"})
	}
	links = append(links, remoteLinks("sessions.url", c.Sessions.URL.Reveal(), "redis")...)
	return append(links, remoteLinks("events.url", c.Events.URL.Reveal(), "nats")...)
}

// hostname takes the port from a host, and the brackets from an IPv6 address.
func hostname(host string) string {
	if strings.HasPrefix(host, "/") {
		return host
	}
	return (&url.URL{Host: host}).Hostname()
}

func remoteLinks(key, urls, plainScheme string) []link {
	var links []link
	scheme := ""
	for _, item := range splitList(urls) {
		if !strings.Contains(item, "://") {
			item = scheme + "://" + item
		}
		if base, err := url.Parse(item); err == nil {
			scheme = base.Scheme
			links = append(links, link{key, base.Hostname(), base.Scheme == plainScheme})
		}
	}
	return links
}

// checkKeys reads the keys that were given, and says of each that cannot be used why.
func (c *Config) checkKeys() map[string]string {
	faults := make(map[string]string)
	if !c.Vault.Keyset.IsZero() {
		if _, err := vault.NewLocalMaster(c.Vault.Keyset); err != nil {
			faults["vault.keyset"] = err.Error()
		}
	}
	if c.HTTP.TLSCertFile != "" && c.HTTP.TLSKeyFile != "" {
		if _, err := certfile.Load(c.HTTP.TLSCertFile, c.HTTP.TLSKeyFile, time.Now()); err != nil {
			faults["http.tls_cert_file"] = err.Error()
		}
	}
	return faults
}
