package natstest

import (
	"fmt"
	"os"
	"strconv"
)

// The environment that turns a test binary into a NATS server.
const (
	storeEnv = "MENJIN_TEST_NATS_STORE"
	portEnv  = "MENJIN_TEST_NATS_PORT"
)

// init makes the test binary that imports this package its own server program, so that nothing has to be built or
// installed for a server that can be killed, and no test package needs a TestMain.
func init() {
	store := os.Getenv(storeEnv)
	if store == "" {
		return
	}
	if err := runChild(store); err != nil {
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
