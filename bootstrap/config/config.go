// Package config reads what the operator decided: built-in values of the profile, a YAML file over them, the environment over
// both. It checks everything before anything starts, and names every fault by its key.
package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/menjin-id/menjin/adapters/wechatsandbox"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Profile is a set of built-in values, picked by MENJIN_ENV.
type Profile string

// The profiles. Production refuses what is only good for trying things out.
const (
	Development Profile = "dev"
	Test        Profile = "test"
	Production  Profile = "prod"
)

// Words that stand for a part that the process itself provides.
const (
	Embedded      = "embedded" // events.url
	SQLite        = "sqlite"   // database.url
	SameDatabase  = "database" // sessions.url
	Sandbox       = "sandbox"  // wechat.base_url
	LocalKey      = "file"     // vault.url
	sampleAppID   = wechatsandbox.DemoAppID
	sampleSecret  = wechatsandbox.DemoSecret
	weChatAddress = "https://api.weixin.qq.com"
)

// Config is every setting, checked.
type Config struct {
	Profile  Profile
	DataDir  string
	HTTP     HTTP
	Database Database
	Sessions Sessions
	Events   Events
	WeChat   WeChat
	Token    Token
	Session  domain.SessionLimits
	PerUser  int // sessions of one user
	Limits   Limits
	Deletion Deletion
	Vault    Vault
	Log      Log
	Metrics  Metrics
	Traces   Traces
	Security Security

	// given holds the keys that the operator set, for Print.
	given map[string]domain.Secret
}

// HTTP is how the API is served.
type HTTP struct {
	Addr           string
	TLSCertFile    string
	TLSKeyFile     string
	TrustedProxies []netip.Prefix
	MaxConnections int
	CORSOrigins    []string
}

// Database is where users and the outbox are.
type Database struct {
	URL domain.Secret // SQLite, or postgres://…
}

// Sessions is where sessions are.
type Sessions struct {
	URL domain.Secret // SameDatabase, or redis://… or rediss://…
}

// Events is where events go.
type Events struct {
	URL          domain.Secret // Embedded, or nats://… or tls://…, several with commas
	EmbeddedAddr string        // empty: the embedded server listens nowhere
	SignedIn     bool
	Shards       int
	Replicas     int
}

// WeChat is how WeChat is reached and who we are there.
type WeChat struct {
	BaseURL         string
	SandboxAddr     string
	Apps            []App // the first is the default
	Timeout         time.Duration
	WatermarkMaxAge time.Duration
}

// App is a mini-program.
type App struct {
	ID         domain.AppID
	Secret     domain.Secret
	PushToken  domain.Secret
	PushAESKey domain.Secret
}

// Token is what access tokens are made of.
type Token struct {
	Issuer    string
	Audience  string
	AccessTTL time.Duration
	Algorithm string // EdDSA or ES256
}

// Limits are what one address may do.
type Limits struct {
	SignIn   ports.Rate
	Register ports.Rate
	Refresh  ports.Rate
	Phone    ports.Rate
	Export   ports.Rate
}

// Deletion is how users are deleted who asked for it.
type Deletion struct {
	CoolingOff time.Duration // 0: at once
}

// Vault is the master key, under which the keys of encrypted fields are kept.
type Vault struct {
	URL    string        // LocalKey, a PKCS#11 URI, or the address of a transit key
	Keyset domain.Secret // the local one; empty: a file in DataDir, made at the first start
	PIN    domain.Secret // of the PKCS#11 token
	Token  domain.Secret // of the transit engine
}

// Log is what is logged and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

// Metrics is where scrapes are answered.
type Metrics struct {
	Addr string // empty: at http.addr
}

// Traces is where spans are sent.
type Traces struct {
	Endpoint    string // empty: none are made
	Headers     domain.Secret
	SampleRatio float64
	Continue    bool // traces that the trusted proxies name
}

// Security is what is allowed although it is not safe everywhere.
type Security struct {
	PlaintextHosts []string // hosts that may be reached without TLS in production
}

// SandboxWanted reports whether WeChat is played by the look-alike.
func (c *Config) SandboxWanted() bool { return c.WeChat.BaseURL == Sandbox }

// EmbeddedEvents reports whether the stream lives in this process.
func (c *Config) EmbeddedEvents() bool { return c.Events.URL.Reveal() == Embedded }

// EmbeddedDatabase reports whether the database is a file of this process.
func (c *Config) EmbeddedDatabase() bool { return c.Database.URL.Reveal() == SQLite }

// LocalMasterKey reports whether the master key lies in a file or the configuration, and in no key management service.
func (c *Config) LocalMasterKey() bool { return c.Vault.URL == LocalKey }

// PKCS11MasterKey reports whether the master key lies in a PKCS#11 token.
func (c *Config) PKCS11MasterKey() bool { return strings.HasPrefix(c.Vault.URL, "pkcs11:") }

// SessionsInDatabase reports whether sessions lie beside the users.
func (c *Config) SessionsInDatabase() bool { return c.Sessions.URL.Reveal() == SameDatabase }
