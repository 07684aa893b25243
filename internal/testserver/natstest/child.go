package natstest

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/menjin-id/menjin/internal/testserver/natsmesh"
)

// The environment that turns a test binary into a NATS server.
const (
	storeEnv = "MENJIN_TEST_NATS_STORE"
	portEnv  = "MENJIN_TEST_NATS_PORT"

	memberEnv = "MENJIN_TEST_NATS_MEMBER" // of a cluster
)

// init makes the test binary that imports this package its own server program, so that nothing has to be built or
// installed for a server that can be killed, and no test package needs a TestMain.
func init() {
	store, member := os.Getenv(storeEnv), os.Getenv(memberEnv)
	if store == "" && member == "" {
		return
	}
	run := func() error { return runChild(store) }
	if member != "" {
		run = func() error { return runMember(member) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runChild serves until SIGTERM, which the server handles itself.
func runChild(store string) error {
	port, err := strconv.Atoi(os.Getenv(portEnv))
	if err != nil {
		return fmt.Errorf("read %s: %w", portEnv, err)
	}
	s, err := serve(options(store, port))
	if err != nil {
		return err
	}
	s.WaitForShutdown()
	return nil
}

func runMember(text string) error {
	var settings natsmesh.Settings
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return fmt.Errorf("read %s: %w", memberEnv, err)
	}
	return settings.Serve(func() error { return nil })
}
