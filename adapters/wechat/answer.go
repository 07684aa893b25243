package wechat

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// status is what every answer can say of itself. WeChat leaves it out of some successes.
type status struct {
	Errcode json.Number `json:"errcode"` // a quoted number is read too
	Errmsg  string      `json:"errmsg"`
}

// refusal returns WeChat's no as a *refusal, nil for errcode 0 and for none.
func (s *status) refusal() error {
	if s.Errcode == "" || s.Errcode == "0" {
		return nil
	}
	errcode, err := s.Errcode.Int64()
	if err != nil {
		return implausible("errcode is not a whole number")
	}
	if errcode == 0 {
		return nil
	}
	return &refusal{errcode: errcode, rid: findRID(s.Errmsg)}
}

// refusal is WeChat's no.
type refusal struct {
	errcode int64
	rid     string // by which WeChat finds the request again; may be empty
}

func (r *refusal) Error() string {
	text := "errcode " + strconv.FormatInt(r.errcode, 10)
	if r.rid != "" {
		text += ", rid " + r.rid
	}
	return text
}

// decode reads an answer, which WeChat may send as text/plain. The error is a *refusal or a *fault.
func decode(body []byte, answer interface{ refusal() error }) error {
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), answer); err != nil {
		return implausible("answer is not the JSON it should be")
	}
	return answer.refusal()
}
