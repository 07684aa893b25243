package bootstrap

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/bootstrap/certfile"
)

const certificateAdvice = "renew it if it has ended; if it is not valid yet, see this machine's clock; if it does not go with its key, " +
	"put both files of one renewal there. The service takes them without a restart"

func (d *doctor) checkCertificate(context.Context) finding {
	cert, err := certfile.Load(d.cfg.HTTP.TLSCertFile, d.cfg.HTTP.TLSKeyFile, d.now())
	if err != nil {
		return fail(err.Error(), certificateAdvice)
	}
	found := "ends " + cert.Leaf.NotAfter.UTC().Format(time.RFC3339)
	if certfile.EndsSoon(cert.Leaf, d.now()) {
		return warn(found+", which is soon", "see why it is not renewed; a renewed one is taken without a restart")
	}
	return ok(found)
}
