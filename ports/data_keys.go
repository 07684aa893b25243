package ports

import (
	"context"
	"time"

	"github.com/menjin-id/menjin/domain"
)

// DataKeyPlan says what each data key is used for. It holds none of them.
type DataKeyPlan struct {
	Fields  []FieldKey // the oldest first
	Cleaned uint32     // the field key that every row was brought to; 0 while one may be on an older key
	Index   IndexPhase
	IndexAt time.Time // when the index key was made, the new one during a change
}

// Newest is the field key that seals, now or soon.
func (p DataKeyPlan) Newest() FieldKey { return p.Fields[len(p.Fields)-1] }

// FieldKey is a key of encrypted fields. Every ciphertext names the one it was made with.
type FieldKey struct {
	ID        uint32 // 0 in a plan that asks for a new key
	MadeAt    time.Time
	SealsFrom time.Time // it opens before that: every replica is to know a key before the first ciphertext names it
}

// IndexPhase is how far the key of the indexes has been replaced. Each phase is announced, and work of the next begins when no
// replica can be in the one before: writers and readers of two neighbouring phases then find and exclude each other's rows.
type IndexPhase int

// The phases of a change from an old key to a new one, by the first and the second column of an index.
const (
	IndexSteady  IndexPhase = iota // written (key, null), read by the first
	IndexFilling                   // written (old, new), read by the first; rows are brought to it
	IndexTurned                    // written (old, new), read by the second, which every row has
	IndexMoving                    // written (new, new), read by the second; rows are brought to it
	IndexBack                      // written (new, new), read by the first, which is new in every row
	IndexClosing                   // written (new, null), read by the first; rows are brought to it
)

// DataKeyRing is what seals, opens and digests at the moment. Needed by the rotation of data keys; adapters/vault has it.
type DataKeyRing interface {
	// Make makes the first keys of a database; nothing uses them yet.
	Make(now time.Time) (domain.Secret, error)
	// Plan says what keys are for.
	Plan(keys domain.Secret) (DataKeyPlan, error)
	// Apply returns keys that follow a plan: field keys without an id are made, those that the plan leaves out are dropped, and
	// an index key is made for IndexFilling and replaces the one before from IndexClosing on.
	Apply(keys domain.Secret, plan DataKeyPlan) (domain.Secret, error)
	// Use makes the ring work with keys from the next call on. It asks source where they are not enough.
	Use(keys domain.Secret, source DataKeySource) error
}

// DataKeySource knows whether there are newer data keys.
type DataKeySource interface {
	// Look looks for newer keys and has the ring use them, before it returns. However often it is called, it looks once a second.
	Look() error
	// Fresh returns nil when the keys in use were the newest within the last half minute, and looks before where that is not
	// known. Who writes or reads an index relies on it.
	Fresh() error
}

// SealedRows are the tables whose rows have encrypted fields. Needed by re-encryption.
type SealedRows interface {
	// Count returns how many rows there are, about.
	Count(ctx context.Context) (int64, error)
	// Bring brings the next rows, at most limit, to the keys and the index phase that are in use, and says how far it came. What
	// somebody else holds or changes in that moment is left as it is. The zero place is the beginning.
	Bring(ctx context.Context, after RowPlace, limit int) (BroughtRows, error)
	// Claim makes one holder the only one to work in the background until an instant, unless another one is. Work without a
	// claim does no harm.
	Claim(ctx context.Context, holder domain.ID, now, until time.Time) (claimed bool, err error)
	// Usage counts the sealed fields by the key that they name.
	Usage(ctx context.Context) (map[uint32]int64, error)
}

// RowPlace is a row of one of the tables, as a store writes it down.
type RowPlace struct {
	Table string
	Key   string
}

// BroughtRows is what became of some rows.
type BroughtRows struct {
	Next    RowPlace // the last row seen
	End     bool     // it is the last there is
	Seen    int
	Changed int
	Left    int // are to be looked at again, as somebody held or changed them
	Broken  int // have a field that does not open
}
