package bootstrap_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// prints runs a command with --json and reads what it writes, which must be JSON and nothing else.
func prints[T any](t *testing.T, s settings, args ...string) (value T) {
	t.Helper()
	out := says(t, s, append(args, "--json"))
	decoder := json.NewDecoder(strings.NewReader(out))
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		t.Errorf("%v --json: %v, more than one value: %t\n%s", args, err, decoder.More(), out)
	}
	return value
}

func TestCommandsSpeakJSON(t *testing.T) {
	t.Parallel()
	s := local(t)
	if version := prints[map[string]string](t, s, "version"); version["version"] == "" || !strings.HasPrefix(version["go"], "go1.") {
		t.Errorf("version: got %v", version)
	}
	type setting struct {
		Key, Value, Env, Help string
		Given                 bool
	}
	config := prints[struct {
		Profile  string
		Settings []setting
	}](t, s.with(settings{"wechat.app_secret": testAppSecret}), "config", "print")
	given := map[string]string{}
	for _, setting := range config.Settings {
		if setting.Given {
			given[setting.Key] = setting.Value
		}
	}
	if config.Profile != "dev" || given["data_dir"] != s["data_dir"] || given["wechat.app_secret"] != "[redacted]" {
		t.Errorf("config print: got profile %q, given %v", config.Profile, given)
	}
	nothingIsMade(t, s)

	steps := prints[[]map[string]any](t, s, "migrate", "up")
	if len(steps) == 0 || steps[0]["applied_at"] == nil || steps[0]["name"] == "" {
		t.Errorf("migrate up: got %v", steps)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(goodPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	created := prints[map[string]any](t, s, "user", "create", "ops", "--password-file", file, "--role", "admin")
	if created["done"] != "created" || created["id"] == "" || len(created["roles"].([]any)) != 2 {
		t.Errorf("user create: got %v", created)
	}
	keys := prints[map[string]any](t, s, "keys", "list", "--count")
	if len(keys["signing_keys"].([]any)) == 0 || len(keys["field_keys"].([]any)) == 0 || keys["version"].(float64) < 1 {
		t.Errorf("keys list: got %v", keys)
	}
	for _, list := range []string{"dead", "replays"} {
		if got := prints[any](t, s, "outbox", list); got == nil {
			t.Errorf("outbox %s: got null, want an empty list", list)
		}
	}
	prints[map[string]any](t, s, "outbox", "status")
}

func TestLineThatCannotBeUnderstoodSaysWhereToRead(t *testing.T) {
	t.Parallel()
	s := local(t)
	for _, test := range []struct{ line, fault, page string }{
		{"sevre", `unknown command "sevre"`, "menjin"},
		{"keys lst", `unknown command "lst"`, "menjin keys"},
		{"outbox dead --colour", "unknown flag: --colour", "menjin outbox dead"},
		{"outbox dead --limit many", `invalid argument "many"`, "menjin outbox dead"},
		{"user lock", "accepts 1 arg(s), received 0", "menjin user lock"},
		{"version now", `unknown command "now"`, "menjin version"},
	} {
		status, out, log := run(t, s, strings.Fields(test.line)...)
		if status != 1 || out != "" || !strings.Contains(log, "menjin: "+test.fault) || !strings.Contains(log, "See "+test.page+" --help.") {
			t.Errorf("%s: got status %d, output %q, want 1 and %q, and the page of %s, in\n%s", test.line, status, out, test.fault, test.page, log)
		}
	}
	says(t, s, []string{"keys"}, "Available Commands:", "menjin keys rotate --tokens")
	says(t, s, []string{"outbox", "verify", "--help"}, "Examples:", "2 when events are missing")
	nothingIsMade(t, s)
}
