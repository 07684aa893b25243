package wechatsandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

const (
	journalSize = 1000
	clipBytes   = 128
)

// Entry tells of one request to a WeChat API. It holds no secret, code, token, session_key or phone number.
type Entry struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	AppID  string    `json:"app_id,omitempty"`
	Person string    `json:"person,omitempty"` // known once the code was found
	Code   string    `json:"code,omitempty"`   // the first 12 hex digits of the code's SHA-256
	Token  string    `json:"token,omitempty"`  // the same of the access_token used or issued
	Status int       `json:"status"`           // HTTP status; 0 when the connection was cut or left without an answer
	// Errcode is WeChat's, 0 for a success; it means nothing under a Status other than 200.
	Errcode int       `json:"errcode"`
	Fault   FaultKind `json:"fault,omitempty"`
}

// Counters sum up the requests to WeChat APIs since the start, and what is kept in memory.
type Counters struct {
	Received   uint64               `json:"received"`   // counted on arrival
	Finished   uint64               `json:"finished"`   // answered, cut off or given up by the client
	Errcodes   map[int]uint64       `json:"errcodes"`   // of answers under status 200; 0 counts the successes
	Faults     map[FaultKind]uint64 `json:"faults"`     // played so far
	LiveCodes  int                  `json:"live_codes"` // waiting for use; expired ones count until swept
	SpentCodes int                  `json:"spent_codes"`
	People     int                  `json:"people"`

	Calls          map[string]uint64 `json:"calls"`         // by path of the API, counted on arrival
	TokenFetches   uint64            `json:"token_fetches"` // answered with a token, of both token APIs
	PhoneNumbers   uint64            `json:"phone_numbers"` // handed out for phone codes
	LivePhoneCodes int               `json:"live_phone_codes"`
	Pushes         uint64            `json:"pushes"` // requests sent, repeats and checks of the URL among them
}

// Journal returns the latest thousand requests, oldest first. A request enters when it is finished; Counters tell of its
// arrival.
func (s *Server) Journal() []Entry {
	j := &s.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	return append(append(make([]Entry, 0, len(j.ring)), j.ring[j.next:]...), j.ring[:j.next]...)
}

// Counters returns a snapshot.
func (s *Server) Counters() Counters {
	sum := s.journal.counters()
	s.mu.Lock()
	defer s.mu.Unlock()
	sum.LiveCodes, sum.SpentCodes, sum.People = s.codes.live.Len(), s.codes.spent.Len(), s.users.recent.Len()
	sum.LivePhoneCodes = s.phoneCodes.live.Len()
	sum.TokenFetches, sum.PhoneNumbers = s.tokens.fetches, s.phoneNumbers
	sum.Pushes = s.pushes.Load()
	return sum
}

type journal struct {
	received atomic.Uint64

	mu       sync.Mutex
	finished uint64
	ring     []Entry
	next     int // where the oldest entry stands once the ring is full
	errcodes map[int]uint64
	faults   map[FaultKind]uint64
	calls    map[string]uint64
}

func newJournal() journal {
	return journal{errcodes: map[int]uint64{}, faults: map[FaultKind]uint64{}, calls: map[string]uint64{}}
}

// count takes only paths that the sandbox serves.
func (j *journal) count(path string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls[path]++
}

func (j *journal) record(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.finished++
	if e.Status == 200 {
		j.errcodes[e.Errcode]++
	}
	if e.Fault != "" {
		j.faults[e.Fault]++
	}
	if len(j.ring) < journalSize {
		j.ring = append(j.ring, e)
		return
	}
	j.ring[j.next] = e
	j.next = (j.next + 1) % journalSize
}

func (j *journal) counters() Counters {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Counters{
		Received: j.received.Load(),
		Finished: j.finished,
		Errcodes: maps.Clone(j.errcodes),
		Faults:   maps.Clone(j.faults),
		Calls:    maps.Clone(j.calls),
	}
}

// fingerprint lets a tester recognise a code of their own without showing it.
func fingerprint(code string) string {
	if code == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:6])
}

var appIDShape = regexp.MustCompile(`^wx[0-9a-f]{16}$`)

// showAppID hides what is no app id: a mix-up in configuration may have put the secret there.
func (s *Server) showAppID(appID string) string {
	if _, ok := s.secrets[appID]; ok || appID == "" || appIDShape.MatchString(appID) {
		return appID
	}
	return redacted
}

func clip(text string) string {
	return text[:min(len(text), clipBytes)]
}
