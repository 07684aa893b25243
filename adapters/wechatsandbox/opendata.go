package wechatsandbox

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNoSessionKey is returned for a person who has not logged in, or so long ago that the session_key has expired.
var ErrNoSessionKey = errors.New("person has no session_key; mint a login code first")

// DataKind names what encrypted data tells.
type DataKind string

// The kinds that WeChat still hands out.
const (
	DataPhone    DataKind = "phone"
	DataUserInfo DataKind = "user_info" // anonymised, as WeChat does it now
)

// DataFault names a way for encrypted data to be wrong.
type DataFault string

// A server must refuse all of these; the watermark's age is the server's own business.
const (
	DataStaleKey       DataFault = "stale_key"       // encrypted with the session_key before the present one
	DataOtherPerson    DataFault = "other_person"    // somebody else's data under somebody else's session_key
	DataOtherOpenID    DataFault = "other_openid"    // user_info that decrypts but names somebody else
	DataWrongApp       DataFault = "wrong_app"       // the watermark names another app
	DataNoWatermark    DataFault = "no_watermark"    // there is none
	DataOld            DataFault = "old"             // the watermark is a day old
	DataFuture         DataFault = "future"          // the watermark lies a day ahead
	DataBrokenJSON     DataFault = "broken_json"     // what decrypts breaks off
	DataBrokenPadding  DataFault = "broken_padding"  // the last block does not end in a padding
	DataTruncated      DataFault = "truncated"       // the ciphertext is no whole number of blocks
	DataShortIV        DataFault = "short_iv"        // an iv of 15 bytes
	DataWrongSignature DataFault = "wrong_signature" // of raw_data
)

var dataFaults = []DataFault{
	DataStaleKey, DataOtherPerson, DataOtherOpenID, DataWrongApp, DataNoWatermark, DataOld, DataFuture,
	DataBrokenJSON, DataBrokenPadding, DataTruncated, DataShortIV, DataWrongSignature,
}

// DataOrder says what data to encrypt. The zero value is the phone number of the default person at the first app.
type DataOrder struct {
	AppID  string    `json:"app_id"`
	Person string    `json:"person"`
	Kind   DataKind  `json:"kind"` // empty means phone
	Fault  DataFault `json:"fault"`
	Phone  Phone     `json:"phone"`
}

// EncryptedData is what a phone gets from WeChat to pass on. Phone numbers come without raw data and signature.
type EncryptedData struct {
	EncryptedData string `json:"encrypted_data"`
	IV            string `json:"iv"`
	RawData       string `json:"raw_data,omitempty"`
	Signature     string `json:"signature,omitempty"`
}

// EncryptedData does what wx.getUserInfo and the phone number button of old do: it encrypts data of a person with the
// session_key that the latest login code came with. It returns ErrUnknownApp, ErrBadPerson, ErrBadPhone, ErrNoSessionKey,
// or says what is wrong with the order.
func (s *Server) EncryptedData(order DataOrder) (EncryptedData, error) {
	order.AppID, order.Person = s.orDefault(order.AppID, order.Person)
	if order.Kind == "" {
		order.Kind = DataPhone
	}
	if err := errors.Join(s.checkApp(order.AppID), checkPerson(order.Person), order.check()); err != nil {
		return EncryptedData{}, fmt.Errorf("encrypt data: %w", err)
	}
	key, err := s.dataKey(order)
	if err != nil {
		return EncryptedData{}, fmt.Errorf("encrypt data: %w", err)
	}
	plain, raw, err := s.plainData(order)
	if err != nil {
		return EncryptedData{}, fmt.Errorf("encrypt data: %w", err)
	}
	result := order.seal(key, plain, raw)
	if order.Kind == DataPhone && (order.Fault == "" || order.Fault == DataStaleKey) {
		s.vouch(order.AppID, result.EncryptedData)
	}
	return result, nil
}

func (o DataOrder) check() error {
	switch {
	case o.Kind != DataPhone && o.Kind != DataUserInfo:
		return fmt.Errorf("kind %q is unknown; the kinds are %s, %s", clip(string(o.Kind)), DataPhone, DataUserInfo)
	case o.Fault != "" && !slices.Contains(dataFaults, o.Fault):
		return fmt.Errorf("fault %q is unknown; the faults are %s", clip(string(o.Fault)), joinWords(dataFaults))
	case o.Kind == DataPhone && (o.Fault == DataOtherOpenID || o.Fault == DataWrongSignature):
		return fmt.Errorf("fault %q needs kind %s", o.Fault, DataUserInfo)
	}
	return nil
}

// dataKey is the session_key to encrypt with, as text.
func (s *Server) dataKey(order DataOrder) (string, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users.find(order.AppID, s.OpenID(order.AppID, order.Person))
	if u == nil || u.liveKey(now) == "" {
		return "", ErrNoSessionKey
	}
	switch {
	case order.Fault == DataOtherPerson, order.Fault == DataStaleKey && u.staleKey == "":
		return newSessionKey(), nil
	case order.Fault == DataStaleKey:
		return u.staleKey, nil
	}
	return u.sessionKey, nil
}
