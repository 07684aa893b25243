package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/menjin-id/menjin/domain"
)

// A Redis that is down must be known at once, one that hangs within a second, also by who stands behind a batch that is not
// answered, and not be asked again and again by every request.
const (
	dialTimeout = 400 * time.Millisecond
	callTimeout = 400 * time.Millisecond
	noRetries   = -1
	redirects   = 1 // of a Cluster

	// After this time a Cluster is asked again who has which slots: a server that died sends nobody on to the one in its place.
	slotsReload = time.Second
)

// The texts are fixed because those of the parsers quote the URL, and with it the password.
var (
	errURL     = errors.New("not a Redis URL: want redis[s]://[user:password@]host[:port][,host:port…][/database][?options]")
	errOption  = errors.New("a Redis URL has an option that is unknown or malformed")
	errCluster = errors.New("a Redis Cluster has no numbered databases")
)

// Connect returns a client for the Redis at a URL, which the caller closes, once it answers; otherwise the error matches
// domain.ErrUnavailable.
//
//	redis://[user:password@]host[:port][/database]        one server
//	redis://host:port,host:port                           a Cluster, by some of its nodes
//	redis://host:port?cluster=true                        a Cluster, by one address
//	redis://host:port,host:port?master_name=NAME          the master behind these Sentinels; they may have
//	                                                      sentinel_username and sentinel_password
//
// rediss:// is the same over TLS. The options of go-redis's URLs, such as pool_size, dial_timeout and read_timeout, are
// understood as well.
func Connect(ctx context.Context, address domain.Secret) (redis.UniversalClient, error) {
	options, err := parseURL(address.Reveal())
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	client := newClient(options)
	if err := translate(ctx, "connect to Redis", client.Ping(ctx).Err()); err != nil {
		_ = client.Close() // it never opened
		return nil, err
	}
	return client, nil
}

func newClient(options *redis.UniversalOptions) redis.UniversalClient {
	if isCluster(options) {
		cluster := options.Cluster()
		cluster.ClusterStateReloadInterval = slotsReload
		client := redis.NewClusterClient(cluster)
		client.OnNewNode(func(node *redis.Client) { node.AddHook(once{}) })
		return client
	}
	client := redis.NewUniversalClient(options)
	client.AddHook(again{})
	return client
}

func isCluster(options *redis.UniversalOptions) bool {
	return options.MasterName == "" && (options.IsClusterMode || len(options.Addrs) > 1)
}

func parseURL(text string) (*redis.UniversalOptions, error) {
	addresses, whole, err := splitHosts(text)
	if err != nil {
		return nil, err
	}
	query := whole.Query()
	options := &redis.UniversalOptions{
		Addrs:            addresses,
		MasterName:       take(query, "master_name"),
		SentinelUsername: take(query, "sentinel_username"),
		SentinelPassword: take(query, "sentinel_password"),
	}
	switch take(query, "cluster") {
	case "true":
		options.IsClusterMode = true
	case "", "false":
	default:
		return nil, errOption
	}
	whole.RawQuery = query.Encode()
	server, err := redis.ParseURL(whole.String())
	if err != nil {
		return nil, errOption
	}
	adopt(options, server)
	cluster := isCluster(options)
	if cluster {
		options.MaxRedirects, options.MaxRetries = redirects, noRetries // the second is for each node, within the first
	}
	if cluster && options.DB != 0 {
		return nil, errCluster
	}
	if (cluster || options.MasterName != "") && options.TLSConfig != nil {
		options.TLSConfig.ServerName = "" // each node proves its own name
	}
	return options, nil
}

// splitHosts also returns the URL with the first host alone, which is one that packages can parse.
func splitHosts(text string) (addresses []string, first *url.URL, err error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || (scheme != "redis" && scheme != "rediss") {
		return nil, nil, errURL
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	for host := range strings.SplitSeq(rest[at:end], ",") {
		one, err := url.Parse(scheme + "://" + rest[:at] + host + rest[end:])
		if err != nil || one.Host == "" || one.Fragment != "" {
			return nil, nil, errURL
		}
		bare := url.URL{Scheme: scheme, Host: one.Host, Path: one.Path}
		server, err := redis.ParseURL(bare.String())
		if err != nil {
			return nil, nil, errURL
		}
		addresses = append(addresses, server.Addr)
		if first == nil {
			first = one
		}
	}
	return addresses, first, nil
}

func take(query url.Values, name string) string {
	value := query.Get(name)
	query.Del(name)
	return value
}

// adopt takes over what the URL says, and sets what it leaves open.
func adopt(options *redis.UniversalOptions, server *redis.Options) {
	options.Username, options.Password, options.DB = server.Username, server.Password, server.DB
	options.TLSConfig = server.TLSConfig
	options.ClientName, options.Protocol = server.ClientName, server.Protocol

	options.PoolSize, options.PoolFIFO = server.PoolSize, server.PoolFIFO
	options.MinIdleConns, options.MaxIdleConns = server.MinIdleConns, server.MaxIdleConns
	options.MaxActiveConns, options.MaxConcurrentDials = server.MaxActiveConns, server.MaxConcurrentDials
	options.ConnMaxIdleTime, options.ConnMaxLifetime = server.ConnMaxIdleTime, server.ConnMaxLifetime

	options.DialTimeout = orElse(server.DialTimeout, dialTimeout)
	options.ReadTimeout = orElse(server.ReadTimeout, callTimeout)
	options.WriteTimeout = orElse(server.WriteTimeout, callTimeout)
	options.PoolTimeout = orElse(server.PoolTimeout, callTimeout)
	options.MaxRetries = orElse(server.MaxRetries, noRetries)
	options.MinRetryBackoff, options.MaxRetryBackoff = server.MinRetryBackoff, orElse(server.MaxRetryBackoff, 20*time.Millisecond)
	options.DialerRetries = 1     // in all: MaxRetries counts on top
	options.PipelinePoolSize = -1 // with a pool of their own, batches wait for a server that hangs there and once more in the other
	options.ContextTimeoutEnabled = true

	// Neither is known to Redis 6.2, and each costs a new connection a round trip.
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
