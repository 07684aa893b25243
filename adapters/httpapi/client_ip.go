package httpapi

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// clientIP says where a request comes from: the peer, or what the trusted proxies say. X-Forwarded-For is read from its
// end, so that what a client wrote into it itself never counts.
func clientIP(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, prefix := range trusted {
		prefix = prefix.Masked()
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
		}))
	}
	forwarded, direct := echo.ExtractIPFromXFFHeader(options...), echo.ExtractIPDirect()
	return func(r *http.Request) string {
		address, err := netip.ParseAddr(forwarded(r))
		if err != nil {
			return direct(r)
		}
		return address.Unmap().WithZone("").String()
	}
}
