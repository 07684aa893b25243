package redisstore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestURLSaysWhichRedisIsMeant(t *testing.T) {
	t.Parallel()
	type meant struct {
		Addrs                          []string
		Username, Password, MasterName string
		SentinelUsername, SentinelPass string
		DB                             int
		Cluster                        bool
		ServerName                     string // "" without TLS, "*" with each node's own
	}
	for text, want := range map[string]meant{
		"redis://redis":                         {Addrs: []string{"redis:6379"}},
		"redis://:p%40ss,w@[::1]:7000/3":        {Addrs: []string{"[::1]:7000"}, Password: "p@ss,w", DB: 3},
		"rediss://user:pass@redis.example:6380": {Addrs: []string{"redis.example:6380"}, Username: "user", Password: "pass", ServerName: "redis.example"},
		"redis://a:1,b:2,c":                     {Addrs: []string{"a:1", "b:2", "c:6379"}, Cluster: true},
		"redis://a:1?cluster=true":              {Addrs: []string{"a:1"}, Cluster: true},
		"redis://a:1?cluster=false":             {Addrs: []string{"a:1"}},
		"rediss://u:p@a:1,b:2":                  {Addrs: []string{"a:1", "b:2"}, Username: "u", Password: "p", Cluster: true, ServerName: "*"},
		"redis://:p@a:1,b:2/4?master_name=main": {Addrs: []string{"a:1", "b:2"}, Password: "p", DB: 4, MasterName: "main"},
		"redis://a?master_name=m&sentinel_username=su&sentinel_password=sp%26": {
			Addrs: []string{"a:6379"}, MasterName: "m", SentinelUsername: "su", SentinelPass: "sp&",
		},
	} {
		options, err := parseURL(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := meant{
			Addrs: options.Addrs, Username: options.Username, Password: options.Password, MasterName: options.MasterName,
			SentinelUsername: options.SentinelUsername, SentinelPass: options.SentinelPassword, DB: options.DB,
			Cluster: isCluster(options),
		}
		if options.TLSConfig != nil {
			got.ServerName = options.TLSConfig.ServerName
			if got.ServerName == "" {
				got.ServerName = "*"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", text, diff)
		}
	}
}

func TestURLThatIsNoneIsRefusedWithoutQuotingIt(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	for _, text := range []string{
		"", password, "http://:" + password + "@redis", "redis://", "redis://:" + password + "@",
		"redis://:" + password + "@a,,b", "redis://:" + password + "@a:x", "redis://:" + password + "/@a",
		"redis://:" + password + "@a/" + password, "redis://:" + password + "@a/1/2", "redis://:" + password + "@a#x",
		"redis://:%zz" + password + "@a", "redis://:" + password + "@a?" + password + "=1", "redis://a?pool_size=" + password,
		"redis://a?cluster=" + password, "redis://:" + password + "@a,b/1",
	} {
		options, err := parseURL(text)
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: got %+v, %v, want an error without the password", text, options, err)
		}
	}
}

func TestTimesAreShortUnlessTheURLSaysOtherwise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"redis://a":   "400ms 400ms 400ms -1 0",
		"redis://a,b": "400ms 400ms 400ms -1 1",
		"redis://a?dial_timeout=3s&read_timeout=2s&write_timeout=1s&max_retries=5": "3s 2s 1s 5 0",
	} {
		o, err := parseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.MaxRetries, o.MaxRedirects)
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if worst := dialTimeout + callTimeout; worst >= time.Second {
		t.Errorf("a dead server is known after %v, want under a second", worst)
	}
}
