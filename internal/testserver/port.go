package testserver

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// FreePort returns a loopback port on which nothing listens, with the ports at the given offsets free too. It lies
// below the range from which systems take ports for outgoing connections, so that a server that is stopped for a
// while can have it again. As long as the process lives, no other that asks here gets it.
func FreePort(offsets ...int) (int, error) {
	for range 100 {
		port := 12000 + rand.IntN(10000)
		if claim(port, append([]int{0}, offsets...)) {
			return port, nil
		}
	}
	return 0, errors.New("find a free port: a hundred were taken")
}

// claims are UDP ports, whose numbers are not those of TCP: holding one tells other test processes that its TCP port is
// spoken for, and keeps no server from it.
var (
	claimsMu sync.Mutex
	claims   []net.PacketConn
)

func claim(port int, offsets []int) bool {
	var taken []net.PacketConn
	for _, offset := range offsets {
		address := fmt.Sprintf("127.0.0.1:%d", port+offset)
		held, err := net.ListenPacket("udp", address)
		if err == nil {
			taken = append(taken, held)
		}
		if err != nil || !listens(address) {
			for _, held := range taken {
				_ = held.Close()
			}
			return false
		}
	}
	claimsMu.Lock()
	defer claimsMu.Unlock()
	claims = append(claims, taken...)
	return true
}

func listens(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	_ = l.Close() // it was only a question
	return true
}
