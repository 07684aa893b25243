package bootstrap_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

// sample is a line of a scrape.
type sample struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	sampleLine  = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? (\S+)$`)
	sampleLabel = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// scrape reads the metrics at an address.
func scrape(t *testing.T, address string) (text string, samples []sample) {
	t.Helper()
	response, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("scrape %s: status %d, %v", address, response.StatusCode, err)
	}
	for _, found := range sampleLine.FindAllStringSubmatch(string(body), -1) {
		value, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			t.Fatalf("%q: %v", found[0], err)
		}
		labels := make(map[string]string)
		for _, label := range sampleLabel.FindAllStringSubmatch(found[2], -1) {
			labels[label[1]] = label[2]
		}
		samples = append(samples, sample{found[1], labels, value})
	}
	return string(body), samples
}

// sum adds up the samples of a name whose labels are as wanted.
func sum(samples []sample, name string, wanted map[string]string) (total float64) {
next:
	for _, one := range samples {
		for label, value := range wanted {
			if one.labels[label] != value {
				continue next
			}
		}
		if one.name == name {
			total += one.value
		}
	}
	return total
}

func TestMetricsTellWhatHappened(t *testing.T) {
	t.Parallel()
	onEverySet(t, func(t *testing.T, s settings) {
		p := start(t, s)
		alice := p.login(p.sandboxCode("alice"))
		p.login(p.sandboxCode("alice"))
		p.check(alice.Token, http.StatusNoContent, "")
		p.check(alice.Token+"x", http.StatusUnauthorized, "TOKEN_INVALID")
		bob := p.register("bob")
		p.refuseLogin("bob", "not the password", http.StatusUnauthorized, "BAD_CREDENTIALS")
		p.refresh(p.refresh(bob.RefreshToken).RefreshToken)
		p.refuseRefresh(bob.RefreshToken, http.StatusUnauthorized, "REFRESH_TOKEN_REUSED")
		_, _ = p.try(http.MethodGet, "/api/no-such-route-"+alice.User.ID, "", nil) // what it answers is another test's

		type labels = map[string]string
		for _, want := range []struct {
			name   string
			labels labels
			least  float64
		}{
			{"menjin_sign_ins_total", labels{"method": "wechat", "outcome": "new"}, 1},
			{"menjin_sign_ins_total", labels{"method": "wechat", "outcome": "ok"}, 1},
			{"menjin_sign_ins_total", labels{"method": "register", "outcome": "new"}, 1},
			{"menjin_sign_ins_total", labels{"method": "password", "outcome": "BAD_CREDENTIALS"}, 1},
			{"menjin_sign_ins_total", labels{"method": "refresh", "outcome": "ok"}, 1},
			{"menjin_http_requests_total", labels{"method": "GET", "route": "/api/auth/check", "status": "204"}, 1},
			{"menjin_http_requests_total", labels{"method": "GET", "route": "/api/auth/check", "status": "401"}, 1},
			{"menjin_http_requests_total", labels{"method": "other", "route": "unknown", "status": "404"}, 1},
			{"menjin_http_request_duration_seconds_count", labels{"method": "POST", "route": "/api/login"}, 2},
			{"menjin_wechat_requests_total", labels{"endpoint": "code2Session", "outcome": "ok"}, 2},
			{"menjin_sessions_opened_total", nil, 3},
			{"menjin_sessions_refreshed_total", nil, 2},
			{"menjin_sessions_refresh_reused_total", nil, 1},
			{"menjin_token_verifications_total", labels{"result": "refused"}, 1},
			{"menjin_password_hash_wait_seconds_count", nil, 2},
			{"menjin_events_published_total", labels{"type": registeredV1}, 2},
			{"menjin_relay_batch_events_sum", nil, 2},
			{"menjin_relay_batch_duration_seconds_count", labels{"outcome": "published"}, 1},
			{"menjin_nats_connected", nil, 1},
			{"menjin_vault_field_keys", nil, 1},
			{"menjin_token_keys", nil, 1},
			{"menjin_db_connections_max", nil, 1},
			{"menjin_http_requests_in_flight", nil, 1}, // the scrape itself
		} {
			eventually(t, want.name+" has moved", func() bool {
				_, samples := scrape(t, p.api)
				return sum(samples, want.name, want.labels) >= want.least
			})
		}
		text, _ := scrape(t, p.api)
		promtest.Check(t, text, "check", "metrics")
		for _, personal := range []string{alice.User.ID, alice.SessionID, bob.User.ID, "alice", "bob", "127.0.0.1"} {
			if strings.Contains(text, personal) {
				t.Errorf("%q is among the metrics", personal)
			}
		}
	})
}

var metricsLine = regexp.MustCompile(`metrics have an address of their own.*addr=(\S+)`)

func TestMetricsMayHaveAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	p := start(t, local(t).with(settings{"metrics.addr": "127.0.0.1:0"}))
	p.expect(http.MethodGet, "/metrics", "", nil, http.StatusNotFound, "NOT_FOUND")
	address := ""
	eventually(t, "the log tells the address", func() bool { // it comes by another pipe than what says that the program is ready
		address = first(metricsLine, p.log.String())
		return address != ""
	})
	if _, samples := scrape(t, "http://"+address); sum(samples, "menjin_build_info", nil) != 1 {
		t.Error("menjin_build_info is not among the metrics")
	}
	response, err := http.Get("http://" + address + "/api/hello")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("the API at the address of metrics: got %d, want 404", response.StatusCode)
	}
}
