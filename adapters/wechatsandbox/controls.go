package wechatsandbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (s *Server) controlMint(_ context.Context, body []byte) (any, error) {
	var in struct {
		AppID  string `json:"app_id"`
		Person string `json:"person"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	appID, person := s.orDefault(in.AppID, in.Person)
	code, err := s.MintCode(appID, person)
	if err != nil {
		return nil, err
	}
	return struct {
		Code      string `json:"code"`
		ExpiresIn int    `json:"expires_in"`
		AppID     string `json:"app_id"`
		Person    string `json:"person"`
		OpenID    string `json:"openid"`
	}{code, int(s.opts.CodeTTL.Seconds()), appID, person, s.OpenID(appID, person)}, nil
}

func (s *Server) controlPeople(_ context.Context, body []byte) (any, error) {
	var in struct {
		AppID   string `json:"app_id"`
		Person  string `json:"person"`
		Blocked *bool  `json:"blocked,omitempty"`
		UnionID *bool  `json:"unionid,omitempty"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Blocked == nil && in.UnionID == nil {
		return nil, errors.New(`body must say "blocked" or "unionid", true or false; without "person" it covers everybody`)
	}
	if in.Blocked != nil {
		if err := s.Block(in.AppID, in.Person, *in.Blocked); err != nil {
			return nil, err
		}
	}
	if in.UnionID != nil {
		if err := s.HideUnionID(in.AppID, in.Person, !*in.UnionID); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// faultForm is a Fault whose delay is written like "3s".
type faultForm struct {
	Fault

	Delay string `json:"delay,omitempty"`
}

func (s *Server) controlAddFault(ctx context.Context, body []byte) (any, error) {
	var in faultForm
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Delay != "" {
		delay, err := parseDuration(in.Delay)
		if err != nil {
			return nil, fmt.Errorf("delay %w", err)
		}
		in.Fault.Delay = delay
	}
	if err := s.AddFaults(in.Fault); err != nil {
		return nil, err
	}
	return s.controlFaults(ctx, nil)
}

func (s *Server) controlFaults(context.Context, []byte) (any, error) {
	forms := []faultForm{}
	for _, f := range s.Faults() {
		form := faultForm{Fault: f}
		if f.Delay > 0 {
			form.Delay = f.Delay.String()
		}
		forms = append(forms, form)
	}
	return map[string]any{"faults": forms}, nil
}

func (s *Server) controlClearFaults(ctx context.Context, _ []byte) (any, error) {
	s.ClearFaults()
	return s.controlFaults(ctx, nil)
}

func (s *Server) controlShift(ctx context.Context, body []byte) (any, error) {
	var in struct {
		Shift string `json:"shift"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	shift, err := parseDuration(in.Shift)
	if err != nil {
		return nil, fmt.Errorf("shift %w", err)
	}
	if err := s.ShiftClock(shift); err != nil {
		return nil, err
	}
	return s.controlClock(ctx, nil)
}

func (s *Server) controlClock(context.Context, []byte) (any, error) {
	return map[string]any{"now": s.now(), "shift": time.Duration(s.shift.Load()).String()}, nil
}

func (s *Server) controlJournal(context.Context, []byte) (any, error) {
	return map[string]any{"requests": s.Journal()}, nil
}

func (s *Server) controlCounters(context.Context, []byte) (any, error) {
	return s.Counters(), nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf(`%q is no duration such as "90s", "6m" or "-1h30m"`, clip(text))
	}
	return d, nil
}
