package sqlstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

// settled says that the keys in use are the newest.
type settled struct{}

func (settled) Look() error  { return nil }
func (settled) Fresh() error { return nil }

// phases are vaults that share their keys, each in one phase of the replacement of the index key; the last is at rest again.
func phases(t *testing.T) (vaults []*vault.Vault) {
	t.Helper()
	ring := vault.New(time.Now)
	keys, err := ring.Make(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for phase := ports.IndexSteady; phase <= ports.IndexClosing+1; phase++ {
		if phase > ports.IndexSteady {
			plan, err := ring.Plan(keys)
			if err != nil {
				t.Fatal(err)
			}
			plan.Index = phase % (ports.IndexClosing + 1)
			if keys, err = ring.Apply(keys, plan); err != nil {
				t.Fatal(err)
			}
		}
		in := vault.New(time.Now)
		if err := in.Use(keys, settled{}); err != nil {
			t.Fatal(err)
		}
		vaults = append(vaults, in)
	}
	return vaults
}

func TestUnionIDIsOneUsersInNeighbouringPhasesOfTheIndex(t *testing.T) {
	t.Parallel()
	for _, backend := range []backend{sqliteFile, postgres} {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			address, vaults := backend.url(t), phases(t)
			replicas := make([]*DB, len(vaults))
			for i, keys := range vaults {
				replicas[i] = openDB(t, Options{URL: address, Cipher: keys})
			}
			for i := range replicas[1:] {
				for _, pair := range [][2]int{{i, i}, {i, i + 1}, {i + 1, i}} {
					unionID, _ := domain.NewUnionID(fmt.Sprintf("u-%d-%d-%d", i, pair[0], pair[1]))
					if err := registerAt(t, replicas[pair[0]], "wx01", unionID); err != nil {
						t.Fatalf("register in phase %d: %v", pair[0], err)
					}
					if err := registerAt(t, replicas[pair[1]], "wx02", unionID); !errors.Is(err, domain.ErrWeChatTaken) {
						t.Errorf("phase %d after %d: got %v, want %v", pair[1], pair[0], err, domain.ErrWeChatTaken)
					}
				}
			}
		})
	}
}

func registerAt(t *testing.T, db *DB, app domain.AppID, unionID domain.UnionID) error {
	t.Helper()
	openID, _ := domain.NewOpenID("o-" + newID().String())
	identity := domain.WeChatIdentity{AppID: app, OpenID: openID, UnionID: unionID}
	user, event := domain.RegisterWithWeChat(domain.UserID{ID: newID()}, identity, stampNow())
	return add(t.Context(), db, user, event)
}
