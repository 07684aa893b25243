package wechat

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newTransport makes the connections of a client. WeChat answers in some 100 ms, so that 1024 connections carry several
// thousand sign-ins a second; beyond that they wait instead of exhausting file descriptors.
func newTransport(timeout time.Duration) *http.Transport {
	// A dial is not bound by the request that asked for it, and so needs a limit of its own.
	dialer := &net.Dialer{Timeout: timeout}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:               tunnelFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)},
		TLSHandshakeTimeout: timeout,
		Protocols:           protocols,
		MaxConnsPerHost:     1024,
		MaxIdleConnsPerHost: 256,
		// Shorter than servers usually wait, so that a code seldom meets a connection that is just being closed.
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // the answers are 150 bytes, and what is not unpacked cannot burst
	}
}

// tunnelFromEnvironment honours HTTPS_PROXY, where the proxy sees no more than the host's name. A proxy for plain http
// would read the secret, and may send a request again on its own account.
func tunnelFromEnvironment(request *http.Request) (*url.URL, error) {
	if request.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(request)
}
