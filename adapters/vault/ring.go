package vault

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/menjin-id/menjin/domain"
	"github.com/menjin-id/menjin/ports"
)

var errPlan = errors.New("the plan does not follow from the data keys")

// Make is ports.DataKeyRing's.
func (v *Vault) Make(now time.Time) (domain.Secret, error) {
	keys := dataKeys{plan: ports.DataKeyPlan{IndexAt: now}}
	var err error
	if keys.fields, err = newFieldKeys(); err != nil {
		return domain.Secret{}, err
	}
	for _, handle := range []**keyset.Handle{&keys.token, &keys.index} {
		if *handle, err = newIndexKeys(); err != nil {
			return domain.Secret{}, err
		}
	}
	id := keyIDs(keys.fields)[0]
	keys.plan.Fields, keys.plan.Cleaned = []ports.FieldKey{{ID: id, MadeAt: now, SealsFrom: now}}, id
	return write(keys)
}

// Plan is ports.DataKeyRing's.
func (v *Vault) Plan(text domain.Secret) (ports.DataKeyPlan, error) {
	keys, err := readDocument(text.Reveal())
	return keys.plan, err
}

// Use is ports.DataKeyRing's. Without a source, keys never change.
func (v *Vault) Use(text domain.Secret, source ports.DataKeySource) error {
	keys, err := readDocument(text.Reveal())
	if err != nil {
		return err
	}
	next, err := newState(keys, source)
	if err != nil {
		return err
	}
	v.state.Store(next)
	return nil
}

// Apply is ports.DataKeyRing's.
func (v *Vault) Apply(text domain.Secret, plan ports.DataKeyPlan) (domain.Secret, error) {
	keys, err := readDocument(text.Reveal())
	if err != nil {
		return domain.Secret{}, err
	}
	plan.Fields = slices.Clone(plan.Fields)
	if err := keys.applyIndex(plan.Index); err != nil {
		return domain.Secret{}, err
	}
	if err := keys.applyFields(plan.Fields); err != nil {
		return domain.Secret{}, err
	}
	keys.plan = plan
	if !keys.complete() {
		return domain.Secret{}, errPlan
	}
	return write(keys)
}

// applyIndex takes one step, as to leave one out would break what neighbouring phases promise each other.
func (k *dataKeys) applyIndex(to ports.IndexPhase) (err error) {
	from := k.plan.Index
	switch {
	case to == from:
	case to == ports.IndexFilling && from == ports.IndexSteady:
		k.next, err = newIndexKeys()
	case to == ports.IndexClosing && from == ports.IndexBack:
		k.index, k.next = k.next, nil
	case to == ports.IndexSteady && from == ports.IndexClosing:
	case to == from+1 && changing(from) && changing(to):
	default:
		err = errPlan
	}
	return err
}

// applyFields makes the keys that have no id, writes their ids into the plan and drops what the plan leaves out.
func (k *dataKeys) applyFields(plan []ports.FieldKey) (err error) {
	manager := keyset.NewManagerFromHandle(k.fields)
	for i := range plan {
		if plan[i].ID == 0 {
			if plan[i].ID, err = manager.Add(aead.AES256GCMKeyTemplate()); err != nil {
				return fmt.Errorf("generate field keys: %w", err)
			}
		}
	}
	if len(plan) == 0 || manager.SetPrimary(plan[len(plan)-1].ID) != nil {
		return errPlan
	}
	for _, id := range keyIDs(k.fields) {
		if slices.ContainsFunc(plan, func(key ports.FieldKey) bool { return key.ID == id }) {
			continue
		}
		if err := manager.Delete(id); err != nil {
			return fmt.Errorf("drop field key: %w", err)
		}
	}
	if k.fields, err = manager.Handle(); err != nil {
		return fmt.Errorf("change field keys: %w", err)
	}
	return nil
}

func write(keys dataKeys) (domain.Secret, error) {
	text, err := keys.text()
	if err != nil {
		return domain.Secret{}, fmt.Errorf("write data keys: %w", err)
	}
	return domain.NewSecret(string(text)), nil
}
