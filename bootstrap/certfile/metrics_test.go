package certfile

import (
	"testing"
	"time"

	"github.com/menjin-id/menjin/internal/testserver/promtest"
)

const (
	endMetric   = "menjin_tls_certificate_not_after_timestamp_seconds"
	renewMetric = "menjin_tls_certificate_renew_before_timestamp_seconds"
)

func TestEndIsThatOfTheCertificateThatIsServed(t *testing.T) {
	t.Parallel()
	f := open(t, made(t, "old"))
	metrics := f.Metrics()
	wantEnd := func(what string, want time.Time) {
		t.Helper()
		if got := promtest.Value(t, metrics, endMetric); got != float64(want.Unix()) {
			t.Errorf("%s: got %v, want %d", what, got, want.Unix())
		}
		renew := want.Add(-14 * 24 * time.Hour)
		if got := promtest.Value(t, metrics, renewMetric); got != float64(renew.Unix()) {
			t.Errorf("%s: it is to be renewed before %v, want %d", what, got, renew.Unix())
		}
	}
	ends := noon.Add(90 * 24 * time.Hour)
	wantEnd("at first", ends)
	f.write(t, "tls.crt", []byte("half"))
	f.look()
	f.look()
	wantEnd("while the files are broken", ends)

	renewed := madeFrom(t, "new", noon.Add(60*24*time.Hour))
	f.at = noon.Add(61 * 24 * time.Hour)
	f.write(t, "tls.crt", renewed.cert)
	f.write(t, "tls.key", renewed.key)
	f.look()
	wantEnd("before it is served", ends)
	f.look()
	f.wantServed(t, "new")
	wantEnd("renewed", noon.Add(150*24*time.Hour))
}

func TestEndIsZeroWhereTLSIsSomebodyElses(t *testing.T) {
	t.Parallel()
	var none *Pair
	for _, name := range []string{endMetric, renewMetric} {
		if got, metrics := promtest.Value(t, none.Metrics(), name), len(none.Metrics()); got != 0 || metrics != 2 {
			t.Errorf("%s: got %v of %d metrics, want 0 of two", name, got, metrics)
		}
	}
}

func TestCertificateEndsSoonByItsOwnLife(t *testing.T) {
	t.Parallel()
	f := open(t, made(t, "old"))
	served, err := f.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]bool{75: false, 77: true, 89: true, 91: true} {
		if got := EndsSoon(served.Leaf, noon.Add(after*24*time.Hour)); got != want {
			t.Errorf("after %d of 90 days: got %t, want %t", after, got, want)
		}
	}
	short := *served.Leaf
	short.NotAfter = noon.Add(10 * 24 * time.Hour)
	for after, want := range map[time.Duration]bool{7: false, 9: true} {
		if got := EndsSoon(&short, noon.Add(after*24*time.Hour)); got != want {
			t.Errorf("after %d of 10 days: got %t, want %t", after, got, want)
		}
	}
}
