// Package child is what the bench program becomes in the processes it starts: the service, a floor program, the WeChat
// look-alike, a NATS server. One binary plays all of them, so that nothing has to be built or installed, and nothing of
// what measuring needs is in the service.
package child

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/menjin-id/menjin/bench/floor"
	"github.com/menjin-id/menjin/bootstrap"
)

// Mark is the first argument of a child.
const Mark = "bench-child"

// The parts a child plays, with the arguments that follow.
const (
	Service   = "service"   // side socket; configured by the environment
	Floor     = "floor"     // side socket, address, database URL, Redis URL, WeChat URL
	Lookalike = "lookalike" // address
	NATS      = "nats"      // port, folder, file for the process id
)

var errArguments = errors.New("this is for the bench program's own use")

// Main plays a part and returns the exit status.
func Main(args []string) int {
	if err := play(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func play(args []string) error {
	if len(args) == 0 {
		return errArguments
	}
	part, args := args[0], args[1:]
	switch {
	case part == Service && len(args) == 1:
		if err := serveSide(args[0]); err != nil {
			return err
		}
		if status := bootstrap.Main([]string{"serve"}); status != 0 {
			return fmt.Errorf("the service ended with status %d", status)
		}
		return nil
	case part == Floor && len(args) == 5:
		if err := serveSide(args[0]); err != nil {
			return err
		}
		return floor.Serve(floor.Config{Addr: args[1], DatabaseURL: args[2], RedisURL: args[3], WeChatURL: args[4]})
	case part == Lookalike && len(args) == 1:
		return serveLookalike(args[0])
	case part == NATS && len(args) == 3:
		return serveNATS(args[0], args[1], args[2])
	default:
		return errArguments
	}
}

// serveNATS returns when the server was told to end, which it handles itself.
func serveNATS(portText, folder, pidFile string) error {
	port, err := strconv.Atoi(portText)
	if err != nil {
		return errArguments
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "bench", Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: folder, PidFile: pidFile, NoLog: true,
	})
	if err != nil {
		return err
	}
	s.Start()
	s.WaitForShutdown()
	return nil
}
