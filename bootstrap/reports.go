package bootstrap

import (
	"context"
	"io"
	"time"

	"github.com/menjin-id/menjin/adapters/sqlstore"
	"github.com/menjin-id/menjin/domain"
)

// signingKeyReport is a key that verifies access tokens, for programs. Those of encrypted fields are in fieldKeyReport.
type signingKeyReport struct {
	ID        string     `json:"kid"`
	MadeAt    time.Time  `json:"made_at"`
	RetiresAt *time.Time `json:"retires_at"` // null: not yet known
}

type fieldKeyReport struct {
	ID     uint32    `json:"id"`
	MadeAt time.Time `json:"made_at"`
	Fields *int64    `json:"fields"` // null: not counted
	State  string    `json:"state"`
}

// reportKeys writes what keys list shows.
func (o *Operator) reportKeys(ctx context.Context, out io.Writer, count bool) error {
	keys, err := o.keys.All(ctx)
	if err != nil {
		return err
	}
	signing := make([]signingKeyReport, len(keys))
	for i, key := range keys {
		signing[i] = signingKeyReport{key.ID, key.CreatedAt, orNull(key.RetiresAt)}
	}
	var used map[uint32]int64
	if count {
		if used, err = o.rows.Usage(ctx); err != nil {
			return err
		}
	}
	plan := o.dataKeys.Plan()
	fields := make([]fieldKeyReport, len(plan.Fields))
	for i, key := range plan.Fields {
		fields[i] = fieldKeyReport{ID: key.ID, MadeAt: key.MadeAt, State: o.fieldKeyState(plan, i)}
		if count {
			fields[i].Fields = new(used[key.ID])
		}
	}
	version, master := o.dataKeys.Version()
	return writeJSON(out, map[string]any{
		"signing_keys": signing, "field_keys": fields,
		"index_key": map[string]any{"made_at": plan.IndexAt, "state": indexKeyState(plan.Index)},
		"version":   version, "master_key": master,
	})
}

func migrationsReport(steps []sqlstore.Migration) any {
	type step struct {
		Version   int64      `json:"version"`
		Name      string     `json:"name"`
		AppliedAt *time.Time `json:"applied_at"` // null: pending
	}
	report := make([]step, len(steps))
	for i, s := range steps {
		report[i] = step{s.Version, s.Name, orNull(s.AppliedAt)}
	}
	return report
}

func userReport(done string, user *domain.User) any {
	return struct {
		Done  string        `json:"done"` // created, locked, unlocked or changed
		ID    string        `json:"id"`
		Roles []domain.Role `json:"roles"`
	}{done, user.ID().String(), user.Roles()}
}
