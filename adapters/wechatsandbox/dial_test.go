package wechatsandbox

import (
	"errors"
	"testing"
)

func TestConnectionLeavesTheMachineByNoName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"127.0.0.1:80": nil, "[::1]:80": nil, "127.8.8.8:80": nil,
		"10.0.0.1:80": ErrNotLoopback, "[2001:db8::1]:80": ErrNotLoopback, "0.0.0.0:80": ErrNotLoopback, "name:80": ErrNotLoopback,
	} {
		if got := refuseRemote("tcp", address, nil); !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}
