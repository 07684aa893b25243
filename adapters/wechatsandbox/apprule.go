package wechatsandbox

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ipErrcodes are the ways to refuse an address, and their texts.
var ipErrcodes = map[int]string{
	errIP:           "not in whitelist",
	errIPUnknown:    "this ip needs to be confirmed by the administrator",
	errIPDeniedDay:  "this ip was denied twice by the administrator, not usable for 24 hours",
	errIPDeniedHour: "this ip was denied by the administrator, not usable for 1 hour",
}

// AppRule is how WeChat treats an app when it fetches tokens; the zero value is the ordinary way.
type AppRule struct {
	// AllowedIPs are the addresses and CIDR ranges that may fetch tokens; none means every address.
	AllowedIPs []string `json:"allowed_ips,omitempty"`
	// IPErrcode is what other addresses get: 40164, 89503, 89506 or 89507; 0 means 40164. Without AllowedIPs, every
	// address gets it.
	IPErrcode int `json:"ip_errcode,omitempty"`
	// ExpiresIn is told instead of a token's real life: 0, negative or absurdly large.
	ExpiresIn *int64 `json:"expires_in,omitempty"`
}

// SetAppRule replaces the rule of an app; an empty appID means the first one. It returns ErrUnknownApp, or says what is
// wrong with the rule.
func (s *Server) SetAppRule(appID string, rule AppRule) error {
	appID, _ = s.orDefault(appID, "")
	if err := s.checkApp(appID); err != nil {
		return fmt.Errorf("set app rule: %w", err)
	}
	compiled, err := rule.compile()
	if err != nil {
		return fmt.Errorf("set app rule: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appRules[appID] = compiled
	return nil
}

type appRule struct {
	AppRule

	allowed []netip.Prefix
}

func (r AppRule) compile() (appRule, error) {
	compiled := appRule{AppRule: r}
	if _, known := ipErrcodes[r.IPErrcode]; !known && r.IPErrcode != 0 {
		return appRule{}, fmt.Errorf("ip_errcode must be %d, %d, %d or %d", errIP, errIPUnknown, errIPDeniedDay, errIPDeniedHour)
	}
	for _, text := range r.AllowedIPs {
		prefix, err := parsePrefix(text)
		if err != nil {
			return appRule{}, fmt.Errorf("allowed_ips: %q is neither an address nor a range such as 10.0.0.0/8", clip(text))
		}
		compiled.allowed = append(compiled.allowed, prefix)
	}
	if len(r.AllowedIPs) > 0 {
		compiled.IPErrcode = cmp.Or(r.IPErrcode, errIP)
	}
	return compiled, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

func (r appRule) checkIP(remote string) (errcode int) {
	if r.IPErrcode == 0 {
		return 0
	}
	addr := callerIP(remote)
	if slices.ContainsFunc(r.allowed, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return 0
	}
	return r.IPErrcode
}

// callerIP is the zero Addr, which no range contains, for a request that came over no network.
func callerIP(remote string) netip.Addr {
	port, _ := netip.ParseAddrPort(remote)
	return port.Addr().Unmap()
}

func ipText(errcode int, remote string) string {
	return fmt.Sprintf("invalid ip %s, %s", callerIP(remote), ipErrcodes[errcode])
}
