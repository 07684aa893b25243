package wechatsandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"time"
)

const (
	pathCheckEncrypted = "/wxa/business/checkencryptedmsg"
	voucherTTL         = 3 * 24 * time.Hour
	maxVouchers        = 100_000
)

// voucher names a piece of encrypted data that came from here.
type voucher struct{ appID, hash string }

// voucherBook tells when each was made.
type voucherBook map[voucher]time.Time

// vouch remembers a phone number's ciphertext; WeChat keeps no others.
func (s *Server) vouch(appID, encrypted string) {
	sum := sha256.Sum256([]byte(encrypted))
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.vouched) >= maxVouchers {
		maps.DeleteFunc(s.vouched, func(_ voucher, made time.Time) bool { return now.Sub(made) >= voucherTTL })
	}
	if len(s.vouched) < maxVouchers {
		s.vouched[voucher{appID, hex.EncodeToString(sum[:])}] = now
	}
}

// checkEncrypted says whether encrypted data, of which it gets the hash, came from WeChat within three days.
func (s *Server) checkEncrypted(c *call) answer {
	appID, errcode := s.authorize(c)
	if errcode != 0 {
		return s.fail(errcode)
	}
	var in struct {
		Hash string `json:"encrypted_msg_hash"`
	}
	if errcode := c.decodePost(&in); errcode != 0 {
		return s.fail(errcode)
	}
	if _, err := hex.DecodeString(in.Hash); err != nil || len(in.Hash) != 2*sha256.Size {
		return s.fail(errArgs)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	made, known := s.vouched[voucher{appID, in.Hash}]
	if !known || now.Sub(made) >= voucherTTL {
		return s.fail(errNoHash)
	}
	return succeed(struct {
		status
		Valid   bool  `json:"vaild"` // WeChat's spelling
		Created int64 `json:"create_time"`
	}{ok, true, made.Unix()})
}
