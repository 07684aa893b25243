package config

import (
	"strings"
	"time"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// setting is one key: its built-in value, what it means and how its text is understood.
type setting struct {
	key    string
	value  string // built-in, for dev and test
	prod   string // built-in for prod, where it differs
	help   string
	secret bool
	parse  func(c *Config, text string) error
}

// EnvName is the variable that sets a key: a.b_c is MENJIN_A_B_C.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func (s setting) env() string { return EnvName(s.key) }

// builtIn is the value for a profile. The zero prod means "as in dev"; a dash means none.
func (s setting) builtIn(profile Profile) string {
	if profile != Production || s.prod == "" {
		return s.value
	}
	return strings.TrimPrefix(s.prod, "-")
}

// settings lists every key. The order is that of `menjin config print` and of the faults.
func settings() []setting {
	return []setting{
		{key: "data_dir", value: "./data", help: "embedded database, streams and keys", parse: text(func(c *Config) *string { return &c.DataDir })},

		{key: "http.addr", value: "127.0.0.1:8080", help: "listen address", parse: address(func(c *Config) *string { return &c.HTTP.Addr })},
		{key: "http.tls_cert_file", help: "certificate with its chain; serves TLS 1.3, and what it is renewed with", parse: text(func(c *Config) *string { return &c.HTTP.TLSCertFile })},
		{key: "http.tls_key_file", help: "key of the certificate", parse: text(func(c *Config) *string { return &c.HTTP.TLSKeyFile })},
		{key: "http.trusted_proxies", help: "CIDRs whose X-Forwarded-For counts", parse: parseProxies},
		{key: "http.max_connections", value: "4096", help: "connections at once; beyond it the one that waits longest gives way", parse: number(16, 1_000_000, func(c *Config) *int { return &c.HTTP.MaxConnections })},
		{key: "http.cors_origins", help: "origins of browsers that may call", parse: parseOrigins},

		{key: "database.url", value: SQLite, secret: true, help: "sqlite (a file in data_dir) or postgres://…", parse: parseDatabase},
		{key: "sessions.url", value: SameDatabase, secret: true, help: "database, or redis://…, rediss://…", parse: parseSessions},

		{key: "events.url", value: Embedded, secret: true, help: "embedded, or nats://…, tls://…, several with commas", parse: parseEvents},
		{key: "events.embedded_addr", value: "127.0.0.1:4222", help: "where the embedded NATS listens; empty = nowhere", parse: optionalAddress(func(c *Config) *string { return &c.Events.EmbeddedAddr })},
		{key: "events.signed_in", value: "false", help: "publish an event for every sign-in too", parse: boolean(func(c *Config) *bool { return &c.Events.SignedIn })},
		{key: "events.shards", value: "1", help: "shards of the outbox, 1 to 16; change it while no event waits and no replica runs", parse: number(1, 16, func(c *Config) *int { return &c.Events.Shards })},
		{key: "events.replicas", value: "1", help: "copies of the stream in a NATS cluster, 1 to 5", parse: number(1, 5, func(c *Config) *int { return &c.Events.Replicas })},

		{key: "wechat.base_url", value: Sandbox, prod: weChatAddress, help: "sandbox (a look-alike), or an address", parse: parseBaseURL},
		{key: "wechat.sandbox_addr", value: "127.0.0.1:8081", help: "where the sandbox listens", parse: address(func(c *Config) *string { return &c.WeChat.SandboxAddr })},
		{key: "wechat.app_id", value: sampleAppID, prod: "-", help: "the first mini-program", parse: parseAppID},
		{key: "wechat.app_secret", value: sampleSecret, prod: "-", secret: true, help: "its AppSecret", parse: secret(func(c *Config) *domain.Secret { return &firstApp(c).Secret })},
		{key: "wechat.push_token", secret: true, help: "its message push: Token", parse: secret(func(c *Config) *domain.Secret { return &firstApp(c).PushToken })},
		{key: "wechat.push_aes_key", secret: true, help: "its message push: EncodingAESKey, 43 characters", parse: parsePushAESKey},
		{key: "wechat.apps", secret: true, help: "further mini-programs: app_id, app_secret, push_token, push_aes_key", parse: parseApps},
		{key: "wechat.timeout", value: "5s", help: "longest wait for WeChat", parse: duration(100*time.Millisecond, 12*time.Second, func(c *Config) *time.Duration { return &c.WeChat.Timeout })},
		{key: "wechat.watermark_max_age", value: "10m", help: "oldest encrypted data accepted; 0 = any", parse: duration(0, 24*time.Hour, func(c *Config) *time.Duration { return &c.WeChat.WatermarkMaxAge })},

		{key: "token.issuer", value: "menjin", help: "iss of access tokens", parse: text(func(c *Config) *string { return &c.Token.Issuer })},
		{key: "token.audience", value: "menjin", help: "aud of access tokens", parse: text(func(c *Config) *string { return &c.Token.Audience })},
		{key: "token.access_ttl", value: "2h", help: "life of an access token", parse: duration(time.Minute, 24*time.Hour, func(c *Config) *time.Duration { return &c.Token.AccessTTL })},
		{key: "token.algorithm", value: "EdDSA", help: "EdDSA or ES256", parse: parseAlgorithm},

		{key: "session.idle_ttl", value: "30m", help: "a session ends when idle for so long", parse: duration(time.Second, 30*24*time.Hour, func(c *Config) *time.Duration { return &c.Session.Idle })},
		{key: "session.refresh_ttl", value: "720h", help: "life of an unused refresh token", parse: duration(time.Minute, 366*24*time.Hour, func(c *Config) *time.Duration { return &c.Session.Refresh })},
		{key: "session.max_age", value: "2160h", help: "longest life of a session", parse: duration(time.Minute, 3660*24*time.Hour, func(c *Config) *time.Duration { return &c.Session.MaxAge })},
		{key: "session.max_per_user", value: "20", help: "sessions of one user; beyond it the longest idle gives way", parse: number(1, 1000, func(c *Config) *int { return &c.PerUser })},

		{key: "limits.sign_in", value: "6000/1m", prod: "600/1m", help: "sign-ins from one address: burst/time; 0 = any", parse: rate(func(c *Config) *ports.Rate { return &c.Limits.SignIn })},
		{key: "limits.register", value: "600/1m", prod: "60/1m", help: "registrations from one address", parse: rate(func(c *Config) *ports.Rate { return &c.Limits.Register })},
		{key: "limits.refresh", value: "6000/1m", prod: "600/1m", help: "refreshes from one address", parse: rate(func(c *Config) *ports.Rate { return &c.Limits.Refresh })},

		{key: "limits.phone", value: "600/1m", prod: "60/1m", help: "telephone numbers bound from one address", parse: rate(func(c *Config) *ports.Rate { return &c.Limits.Phone })},
		{key: "limits.export", value: "20/1h", help: "exports of personal data from one address", parse: rate(func(c *Config) *ports.Rate { return &c.Limits.Export })},

		{key: "deletion.cooling_off", value: "0s", help: "how long who asked to be deleted may change their mind by signing in", parse: duration(0, 366*24*time.Hour, func(c *Config) *time.Duration { return &c.Deletion.CoolingOff })},

		{key: "vault.url", value: LocalKey, help: "the master key: file (vault.keyset), pkcs11:token=…;object=…?module-path=…, or a transit key https://HOST/v1/transit/keys/NAME", parse: parseVault},
		{key: "vault.keyset", secret: true, help: "the master key in clear; unset = a file in data_dir", parse: secret(func(c *Config) *domain.Secret { return &c.Vault.Keyset })},
		{key: "vault.pin", secret: true, help: "PIN of the PKCS#11 token", parse: secret(func(c *Config) *domain.Secret { return &c.Vault.PIN })},
		{key: "vault.token", secret: true, help: "token of the transit engine", parse: secret(func(c *Config) *domain.Secret { return &c.Vault.Token })},

		{key: "log.level", value: "info", help: "debug, info, warn or error", parse: parseLevel},
		{key: "log.format", value: "text", prod: "json", help: "text or json", parse: parseLogFormat},
		{key: "metrics.addr", help: "address of its own for /metrics; empty = http.addr serves it", parse: optionalAddress(func(c *Config) *string { return &c.Metrics.Addr })},

		{key: "traces.endpoint", help: "OTLP/HTTP collector, e.g. http://127.0.0.1:4318; empty = no traces", parse: parseTraces},
		{key: "traces.headers", secret: true, help: "sent to the collector: name=value, several with commas", parse: parseTraceHeaders},
		{key: "traces.sample_ratio", value: "1", prod: "0.01", help: "share of the requests that are traced, 0 to 1", parse: parseSampleRatio},
		{key: "traces.continue", value: "false", help: "go on with the traceparent that the trusted proxies write themselves", parse: boolean(func(c *Config) *bool { return &c.Traces.Continue })},

		{key: "security.plaintext_hosts", help: "hosts that production may reach without TLS", parse: list(func(c *Config) *[]string { return &c.Security.PlaintextHosts })},
	}
}
