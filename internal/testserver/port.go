package testserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// FreePort returns a loopback port on which nothing listens, with the ports at the given offsets free too. It lies
// below the range from which systems take ports for outgoing connections, so that a server that is stopped for a
// while can have it again.
func FreePort(offsets ...int) (int, error) {
	for range 100 {
		port := 12000 + rand.IntN(10000)
		if free(port, offsets) {
			return port, nil
		}
	}
	return 0, errors.New("find a free port: a hundred were taken")
}

func free(port int, offsets []int) bool {
	for _, offset := range append([]int{0}, offsets...) {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+offset))
		if err != nil {
			return false
		}
		_ = l.Close() // it was only a question
	}
	return true
}
