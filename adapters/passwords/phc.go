package passwords

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/menjin-id/menjin/domain"
)

// parameters say how much work a hash is.
type parameters struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// Nothing beyond these is computed, whoever wrote the hash: one of a gigabyte would take the service down.
const (
	maxMemory  = 256 << 10
	maxTime    = 10
	maxThreads = 4

	minSalt, maxSalt = 8, 64
	minTag, maxTag   = 16, 64
)

// current is what new hashes are made with: the second choice of RFC 9106, scaled to 19 MiB as OWASP has it.
var current = parameters{memory: 19 << 10, time: 2, threads: 1}

const (
	saltSize = 16
	tagSize  = 32
)

// hashed is a password hash, taken apart.
type hashed struct {
	parameters
	salt, tag []byte
}

// errUnreadable quotes nothing: a damaged hash is still one.
var errUnreadable = errors.New("a password hash is not an argon2id PHC string within bounds")

// strict has one spelling for each value.
var strict = base64.RawStdEncoding.Strict()

// parsePHC reads $argon2id$v=19$m=19456,t=2,p=1$salt$tag, with the parameters in that order.
func parsePHC(hash domain.PasswordHash) (hashed, error) {
	text := hash.Reveal()
	if len(text) > 256 || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return hashed{}, errUnreadable
	}
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return hashed{}, errUnreadable
	}
	costs, err := parseCosts(parts[3])
	if err != nil {
		return hashed{}, err
	}
	salt, saltErr := strict.DecodeString(parts[4])
	tag, tagErr := strict.DecodeString(parts[5])
	if saltErr != nil || tagErr != nil ||
		len(salt) < minSalt || len(salt) > maxSalt || len(tag) < minTag || len(tag) > maxTag {
		return hashed{}, errUnreadable
	}
	return hashed{costs, salt, tag}, nil
}

func parseCosts(text string) (parameters, error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return parameters{}, errUnreadable
	}
	var costs [3]uint64
	for i, limit := range []struct {
		name string
		most uint64
	}{{"m=", maxMemory}, {"t=", maxTime}, {"p=", maxThreads}} {
		digits, found := strings.CutPrefix(parts[i], limit.name)
		cost, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || cost == 0 || cost > limit.most || digits[0] == '0' {
			return parameters{}, errUnreadable
		}
		costs[i] = cost
	}
	if costs[0] < 8*costs[2] { // the algorithm needs eight blocks a thread
		return parameters{}, errUnreadable
	}
	return parameters{memory: uint32(costs[0]), time: uint32(costs[1]), threads: uint8(costs[2])}, nil
}

func (h hashed) phc() domain.PasswordHash {
	return domain.PasswordHash{Secret: domain.NewSecret(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.memory, h.time, h.threads, strict.EncodeToString(h.salt), strict.EncodeToString(h.tag)))}
}

// stale reports whether a hash made today would be harder to guess.
func (h hashed) stale(wanted parameters) bool {
	return h.memory < wanted.memory || h.time < wanted.time || h.threads < wanted.threads ||
		len(h.salt) < saltSize || len(h.tag) < tagSize
}

// tagOf is the work itself.
func (h hashed) tagOf(text domain.Secret) []byte {
	return argon2.IDKey([]byte(text.Reveal()), h.salt, h.time, h.memory, h.threads, uint32(len(h.tag)))
}
