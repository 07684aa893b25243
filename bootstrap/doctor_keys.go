package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/adapters/vault"
	"github.com/menjin-id/menjin/application/datakey"
	"github.com/menjin-id/menjin/ports"
)

const keyAge = 100 * 24 * time.Hour // keys are replaced after ninety days

// checkKeys opens the data keys, which tells whether the master key is the right one, and makes none where there are none yet.
func (d *doctor) checkKeys(ctx context.Context, db *sqlstore.DB, ring *vault.Vault) finding {
	store := sqlstore.NewDataKeys(db)
	stored, err := store.Newest(ctx)
	if err != nil {
		return d.unread(err)
	}
	if stored.Version == 0 {
		return ok("none yet; the service makes them")
	}
	if d.cfg.LocalMasterKey() && d.cfg.Vault.Keyset.IsZero() && !exists(localKeyFile(d.cfg)) {
		return fail(localKeyFile(d.cfg)+" is not there: nothing encrypted can be read", "put the file back from a backup, or set vault.keyset to what was in it")
	}
	master, closeMaster, err := provideMasterKey(d.cfg, quiet)
	if err != nil {
		return fail(err.Error(), "see what is in the file or setting that it names")
	}
	defer closeMaster()
	keeper := datakey.NewKeeper(store, ring, master.MasterKey, master.options, d.now, quiet)
	if err := keeper.Load(ctx); err != nil {
		return cannotOpen(master, err)
	}
	signing, err := sqlstore.NewSigningKeys(db).All(ctx)
	if err != nil {
		return fail(err.Error(), "restore the newest backup into another folder or database, and keep this one")
	}
	return judgeKeys(signing, keeper.Plan(), d.now())
}

func cannotOpen(master masterKey, err error) finding {
	switch {
	case errors.Is(err, datakey.ErrForeignKeys):
		return fail(master.setting+" is not the master key that this database was written with",
			"set that one, or put its file back into data_dir: without it nothing encrypted can be read")
	case errors.Is(err, ports.ErrNotAdmitted):
		return fail("the master key's service does not let us in: "+err.Error(), "see "+master.admission)
	}
	return fail("the data keys cannot be opened: "+err.Error(), "see whether "+master.setting+" can be reached from this machine")
}

// judgeKeys warns of keys that a service would have replaced.
func judgeKeys(signing []ports.SigningKey, plan ports.DataKeyPlan, now time.Time) finding {
	made := []struct {
		what string
		at   time.Time
	}{{"the key of encrypted fields", plan.Newest().MadeAt}, {"the key of indexes", plan.IndexAt}}
	if len(signing) > 0 { // the newest comes first
		made = append(made, struct {
			what string
			at   time.Time
		}{"the key that signs access tokens", signing[0].CreatedAt})
	}
	var old []string
	var oldest time.Duration
	for _, key := range made {
		age := now.Sub(key.at)
		oldest = max(oldest, age)
		if age > keyAge {
			old = append(old, fmt.Sprintf("%s is %d days old", key.what, int(age.Hours()/24)))
		}
	}
	if len(old) > 0 {
		return warn(strings.Join(old, ", ")+", and keys are to be replaced every 90", restart+"; or run menjin keys rotate")
	}
	return ok(fmt.Sprintf("opened by the master key; the oldest in use is %d days old", int(oldest.Hours()/24)))
}
