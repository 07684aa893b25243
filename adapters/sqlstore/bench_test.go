package sqlstore

import (
	"testing"

	"github.com/menjin-id/menjin/domain"
)

func BenchmarkRegistration(b *testing.B) {
	for _, backend := range backends {
		b.Run(backend.name, func(b *testing.B) {
			db := openDB(b, Options{URL: backend.url(b)})
			register(b, db) // connects
			b.SetParallelism(8)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					user, event := newUser(b)
					if err := add(b.Context(), db, user, event); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkReading(b *testing.B) {
	for _, backend := range backends {
		db := openDB(b, Options{URL: backend.url(b)})
		user, users := register(b, db), NewUsers(db)
		identity := user.State().WeChat[0]
		for name, read := range map[string]func() (*domain.User, error){
			"ByWeChat": func() (*domain.User, error) { return users.ByWeChat(b.Context(), identity.AppID, identity.OpenID) },
			"ByID":     func() (*domain.User, error) { return users.ByID(b.Context(), user.ID()) },
		} {
			b.Run(name+" on "+backend.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
