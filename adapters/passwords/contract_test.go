package passwords

import (
	"testing"

	"github.com/menjin-id/menjin/ports/portstest"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	portstest.Passwords(t, func(*testing.T) portstest.PasswordsParts {
		return portstest.PasswordsParts{Hasher: NewHasher(), Weaker: newHasher(parameters{memory: 4 << 10, time: 1, threads: 1}, 1, 100)}
	})
}
