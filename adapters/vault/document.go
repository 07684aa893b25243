package vault

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/menjin-id/menjin/ports"
)

// dataVersion is the version of the document of data keys, as it lies in the database when unwrapped.
const dataVersion = 1

// dataDocument is how data keys are written down.
type dataDocument struct {
	Version   int              `json:"version"`
	FieldKeys json.RawMessage  `json:"field_keys"` // keyset
	Fields    []fieldEntry     `json:"fields"`     // what is to be known of each, the oldest first
	Cleaned   uint32           `json:"cleaned,omitempty"`
	TokenKeys json.RawMessage  `json:"token_keys"` // keyset of digests that stay
	IndexKeys json.RawMessage  `json:"index_keys"`
	NextKeys  json.RawMessage  `json:"next_index_keys,omitempty"`
	Phase     ports.IndexPhase `json:"index_phase,omitempty"`
	IndexAt   int64            `json:"index_at"`
}

// fieldEntry says when a field key was made and seals from, in microseconds since 1970.
type fieldEntry struct {
	ID        uint32 `json:"id"`
	MadeAt    int64  `json:"made_at"`
	SealsFrom int64  `json:"seals_from"`
}

// dataKeys are data keys ready for use.
type dataKeys struct {
	fields *keyset.Handle
	token  *keyset.Handle
	index  *keyset.Handle
	next   *keyset.Handle // nil outside of a change
	plan   ports.DataKeyPlan
}

func micros(at int64) time.Time { return time.UnixMicro(at).UTC() }

// readDocument refuses whatever this release would not write.
func readDocument(text string) (dataKeys, error) {
	var written dataDocument
	if err := json.Unmarshal([]byte(text), &written); err != nil || written.Version != dataVersion {
		return dataKeys{}, errMalformed
	}
	keys := dataKeys{plan: ports.DataKeyPlan{Cleaned: written.Cleaned, Index: written.Phase, IndexAt: micros(written.IndexAt)}}
	var err error
	if keys.fields, err = readKeyset(written.FieldKeys, checkFieldKey); err != nil {
		return dataKeys{}, err
	}
	if keys.token, err = readKeyset(written.TokenKeys, checkIndexKey); err != nil {
		return dataKeys{}, err
	}
	if keys.index, err = readKeyset(written.IndexKeys, checkIndexKey); err != nil {
		return dataKeys{}, err
	}
	if changing(written.Phase) {
		if keys.next, err = readKeyset(written.NextKeys, checkIndexKey); err != nil {
			return dataKeys{}, err
		}
	}
	for _, entry := range written.Fields {
		keys.plan.Fields = append(keys.plan.Fields, ports.FieldKey{
			ID: entry.ID, MadeAt: micros(entry.MadeAt), SealsFrom: micros(entry.SealsFrom),
		})
	}
	if !keys.complete() {
		return dataKeys{}, errMalformed
	}
	return keys, nil
}

// complete reports whether the plan speaks of the keys that are there, and of no other.
func (k dataKeys) complete() bool {
	if len(k.plan.Fields) == 0 || len(k.plan.Fields) != k.fields.Len() ||
		k.plan.Index < ports.IndexSteady || k.plan.Index > ports.IndexClosing {
		return false
	}
	for _, id := range keyIDs(k.fields) {
		if !slices.ContainsFunc(k.plan.Fields, func(key ports.FieldKey) bool { return key.ID == id }) {
			return false
		}
	}
	return true
}

// changing reports whether two index keys are in use.
func changing(phase ports.IndexPhase) bool {
	return phase >= ports.IndexFilling && phase <= ports.IndexBack
}

func (k dataKeys) text() ([]byte, error) {
	written := dataDocument{
		Version: dataVersion, Cleaned: k.plan.Cleaned, Phase: k.plan.Index, IndexAt: k.plan.IndexAt.UnixMicro(),
	}
	for _, part := range []struct {
		from *keyset.Handle
		to   *json.RawMessage
	}{{k.fields, &written.FieldKeys}, {k.token, &written.TokenKeys}, {k.index, &written.IndexKeys}, {k.next, &written.NextKeys}} {
		if part.from == nil {
			continue
		}
		text, err := writeKeyset(part.from)
		if err != nil {
			return nil, err
		}
		*part.to = text
	}
	for _, key := range k.plan.Fields {
		written.Fields = append(written.Fields, fieldEntry{key.ID, key.MadeAt.UnixMicro(), key.SealsFrom.UnixMicro()})
	}
	return json.Marshal(written)
}

func keyIDs(handle *keyset.Handle) (ids []uint32) {
	for i := range handle.Len() {
		if entry, err := handle.Entry(i); err == nil {
			ids = append(ids, entry.KeyID())
		}
	}
	return ids
}
