package redisstore_test

import (
	"crypto/tls"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/menjin-id/menjin/adapters/redisstore"
	"github.com/menjin-id/menjin/domain"
)

func TestServerMustProveItsNameOverTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate, which no authority has signed
	t.Cleanup(web.Close)
	server, err := miniredis.RunTLS(&tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)

	_, err = redisstore.Connect(t.Context(), domain.NewSecret("rediss://"+server.Addr()))
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("an unknown certificate: got %v, want %v", err, domain.ErrUnavailable)
	}
	if _, err = redisstore.Connect(t.Context(), domain.NewSecret("redis://"+server.Addr())); err == nil {
		t.Error("a server that wants TLS was reached without")
	}
	newSetup(t, "rediss://"+server.Addr()+"?skip_verify=true", limits).open(t)
}
