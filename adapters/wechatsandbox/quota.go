package wechatsandbox

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// ForceRefresh names, for SetQuota, the renewals by force within /cgi-bin/stable_token.
const ForceRefresh = "force_refresh"

// monthlyClears is how often an app may have its counts cleared in a month.
const monthlyClears = 10

// beijing is where WeChat's days and months begin.
var beijing = time.FixedZone("CST", 8*60*60)

// Quota is how many calls an app has of one API: a minute (45011 beyond) and a day (45009). 0 means no limit.
type Quota struct {
	Minute int `json:"minute"`
	Day    int `json:"day"`
}

// documentedQuotas are WeChat's own, as far as they are published.
var documentedQuotas = map[string]Quota{
	pathToken:        {Day: 2000},
	pathStableToken:  {Minute: 10_000, Day: 500_000},
	pathResetSession: {Minute: 60_000},
	ForceRefresh:     {Day: 20},
}

// SetQuota replaces the quota that every app has of an API, given by path or as ForceRefresh. Refused calls count, and calls
// from a time without limit do not. code2Session counts by person as well, see Options.MinuteLimit.
func (s *Server) SetQuota(api string, quota Quota) error {
	if _, known := s.routes[api]; !known && api != ForceRefresh {
		return fmt.Errorf("set quota: %q has none; there are %s, %s", clip(api), ForceRefresh, strings.Join(s.paths(), ", "))
	}
	if quota.Minute < 0 || quota.Day < 0 {
		return errors.New("set quota: a limit must not be negative; 0 means none")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quotas.limits[api] = quota
	return nil
}

// Quotas returns the quotas in force.
func (s *Server) Quotas() map[string]Quota {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.quotas.limits)
}

type usageKey struct{ appID, api string }

type usage struct {
	minute, day     int64 // since 1970
	inMinute, inDay int
}

// clears counts within a month.
type clears struct {
	month string
	count int
}

type quotaBook struct {
	limits map[string]Quota
	usage  map[usageKey]*usage
	clears map[string]clears // by app id
}

func newQuotaBook() quotaBook {
	return quotaBook{limits: maps.Clone(documentedQuotas), usage: map[usageKey]*usage{}, clears: map[string]clears{}}
}

// take counts a call and says why it is one too many, 0 when it is not.
func (b *quotaBook) take(appID, api string, now time.Time) (errcode int) {
	limit := b.limits[api]
	if limit == (Quota{}) {
		return 0
	}
	key := usageKey{appID, api}
	u := b.usage[key]
	if u == nil {
		u = &usage{}
		b.usage[key] = u
	}
	u.count(now)
	switch {
	case limit.Day > 0 && u.inDay > limit.Day:
		return errDayLimit
	case limit.Minute > 0 && u.inMinute > limit.Minute:
		return errMinuteLimit
	}
	return 0
}

func (u *usage) count(now time.Time) {
	_, offset := now.In(beijing).Zone()
	if minute := now.Unix() / 60; minute != u.minute {
		u.minute, u.inMinute = minute, 0
	}
	if day := (now.Unix() + int64(offset)) / (24 * 60 * 60); day != u.day {
		u.day, u.inDay = day, 0
	}
	u.inMinute++
	u.inDay++
}

// clear forgets what an app has used, or refuses when the month has seen enough of it.
func (b *quotaBook) clear(appID string, now time.Time) (errcode int) {
	done := b.clears[appID]
	if month := now.In(beijing).Format("2006-01"); month != done.month {
		done = clears{month: month}
	}
	if done.count >= monthlyClears {
		return errClearLimit
	}
	done.count++
	b.clears[appID] = done
	maps.DeleteFunc(b.usage, func(key usageKey, _ *usage) bool { return key.appID == appID })
	return 0
}
