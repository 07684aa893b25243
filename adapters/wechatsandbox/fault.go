package wechatsandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// FaultKind names a way for an answer to go wrong.
type FaultKind string

// These faults take the place of the answer; with Fault.After they strike when the work is done and the code is spent.
const (
	FaultDelay      FaultKind = "delay"    // wait Fault.Delay, then go on
	FaultHang       FaultKind = "hang"     // no answer until the client gives up
	FaultReset      FaultKind = "reset"    // the connection is reset
	FaultStatus     FaultKind = "status"   // HTTP status Fault.Status with a bare text
	FaultBadGateway FaultKind = "html_502" // HTTP 502 with a proxy's HTML page
	FaultErrcode    FaultKind = "errcode"  // Fault.Errcode with Fault.Errmsg
)

// These faults bend the answer that the work led to.
const (
	FaultBrokenJSON      FaultKind = "broken_json"       // a whole response whose JSON breaks off
	FaultTruncatedBody   FaultKind = "truncated_body"    // the connection closes halfway through the promised length
	FaultBOM             FaultKind = "bom"               // a byte order mark before the JSON
	FaultHugeBody        FaultKind = "huge_body"         // valid JSON blown up by Fault.Size bytes
	FaultSlowBody        FaultKind = "slow_body"         // the body in drips, spread over Fault.Delay
	FaultEmptyOpenID     FaultKind = "empty_openid"      // a success without openid
	FaultShortSessionKey FaultKind = "short_session_key" // a success whose session_key is not 16 bytes
	FaultWithErrcode     FaultKind = "with_errcode"      // a success that says errcode 0
	FaultWithoutErrcode  FaultKind = "without_errcode"   // a success that says no errcode
	FaultEmptyToken      FaultKind = "empty_token"       // a success without access_token
	FaultWrongWatermark  FaultKind = "wrong_watermark"   // a phone number whose watermark names another app
)

var faultKinds = []FaultKind{
	FaultDelay, FaultHang, FaultReset, FaultStatus, FaultBadGateway, FaultErrcode,
	FaultBrokenJSON, FaultTruncatedBody, FaultBOM, FaultHugeBody, FaultSlowBody,
	FaultEmptyOpenID, FaultShortSessionKey, FaultWithErrcode, FaultWithoutErrcode, FaultEmptyToken, FaultWrongWatermark,
}

const (
	maxFaults       = 1000
	maxFaultDelay   = 10 * time.Minute
	maxFaultSize    = 64 << 20
	defaultHugeBody = 10 << 20
	defaultDelay    = 30 * time.Second
)

// Fault scripts what happens to coming requests. One request meets one fault at most: the oldest that covers its route.
type Fault struct {
	Route string    `json:"route,omitempty"` // the path, such as /sns/jscode2session; empty means every route
	Kind  FaultKind `json:"kind"`
	// Times is how many requests it strikes; 0 means 1, negative until ClearFaults.
	Times int `json:"times,omitempty"`
	// Chance between 0 and 1 lets requests pass by unharmed; 0 means every request is struck.
	Chance float64 `json:"chance,omitempty"`
	// After lets the work be done, and the code be spent, before the fault strikes. The kinds that bend an answer always do.
	After   bool          `json:"after,omitempty"`
	Delay   time.Duration `json:"-"`                 // of delay and slow_body; 0 means 30 seconds
	Status  int           `json:"status,omitempty"`  // 400 to 599; 0 means 503
	Errcode int           `json:"errcode,omitempty"` // WeChat's, such as -1
	Errmsg  string        `json:"errmsg,omitempty"`  // empty means the text usual for Errcode
	Size    int           `json:"size,omitempty"`    // 0 means 10 MiB
}

// AddFaults appends faults to the script, all of them or, with an error that says what is wrong, none.
func (s *Server) AddFaults(faults ...Fault) error {
	checked := make([]Fault, 0, len(faults))
	for i, f := range faults {
		f = f.withDefaults()
		if err := s.checkFault(f); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		checked = append(checked, f)
	}
	return s.faults.add(checked)
}

// Faults returns what is left of the script.
func (s *Server) Faults() []Fault { return s.faults.list() }

// ClearFaults ends the script. Requests that a fault has caught already stay caught.
func (s *Server) ClearFaults() { s.faults.clear() }

func (f Fault) withDefaults() Fault {
	if f.Times == 0 {
		f.Times = 1
	}
	switch f.Kind {
	case FaultDelay, FaultSlowBody:
		if f.Delay == 0 {
			f.Delay = defaultDelay
		}
	case FaultStatus:
		if f.Status == 0 {
			f.Status = http.StatusServiceUnavailable
		}
	case FaultHugeBody:
		if f.Size == 0 {
			f.Size = defaultHugeBody
		}
	}
	return f
}

func (s *Server) checkFault(f Fault) error {
	_, known := s.routes[f.Route]
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("kind %q is unknown; the kinds are %s", clip(string(f.Kind)), joinWords(faultKinds))
	case f.Route != "" && !known:
		return fmt.Errorf("route %q is unknown; the routes are %s", clip(f.Route), strings.Join(s.paths(), ", "))
	case f.Chance < 0 || f.Chance > 1:
		return errors.New("chance must lie between 0 and 1")
	case f.Delay < 0 || f.Delay > maxFaultDelay:
		return fmt.Errorf("delay must lie between 0 and %s", maxFaultDelay)
	case f.Kind == FaultStatus && (f.Status < 400 || f.Status > 599):
		return errors.New("status must lie between 400 and 599")
	case f.Kind == FaultErrcode && f.Errcode == 0:
		return errors.New("errcode must be given and not be 0, such as -1 or 45011")
	case f.Size < 0 || f.Size > maxFaultSize:
		return fmt.Errorf("size must lie between 0 and %d bytes", maxFaultSize)
	}
	return nil
}

func joinWords[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, word := range all {
		words[i] = string(word)
	}
	return strings.Join(words, ", ")
}
