package httpapi

import (
	"fmt"
	"net/netip"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// Rates are what one client address may do. A rate with Burst 0 allows everything.
type Rates struct {
	SignIn   ports.Rate // by WeChat and by password together
	Register ports.Rate
	Refresh  ports.Rate
	Phone    ports.Rate // what WeChat may have to be asked for: telephone numbers and profiles together
	Export   ports.Rate
}

// allowance is the rate of a group of routes, and how its keys begin.
type allowance struct {
	prefix string
	rate   ports.Rate
}

// allowance finds the group that an operation names in x-rate-limit; none is the one without limits.
func (r Rates) allowance(group string) (allowance, error) {
	switch group {
	case "":
		return allowance{}, nil
	case "sign_in":
		return allowance{"sign-in:", r.SignIn}, nil
	case "register":
		return allowance{"register:", r.Register}, nil
	case "refresh":
		return allowance{"refresh:", r.Refresh}, nil
	case "phone":
		return allowance{"phone:", r.Phone}, nil
	case "export":
		return allowance{"export:", r.Export}, nil
	default:
		return allowance{}, fmt.Errorf("rate limit %q is unknown", group)
	}
}

// spend takes one of an allowance for the client's address.
func (x *exchange) spend(a allowance) error {
	if a.rate.Burst == 0 {
		return nil
	}
	wait, err := x.server.limiter.Take(x, a.prefix+network(x.clientIP), a.rate, x.server.now())
	if err != nil {
		return fmt.Errorf("take from allowance: %w", err)
	}
	if wait > 0 {
		return domain.ErrRateLimited.After(wait)
	}
	return nil
}

// subscriber is how much of an IPv6 address one subscriber is given at least: counted singly, the addresses would never run out.
const subscriber = 64

func network(ip string) string {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(subscriber)
	if err != nil {
		return ip
	}
	return prefix.String()
}
