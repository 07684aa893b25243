package passwords

import (
	"runtime"
	"sync"
	"testing"

	"github.com/menjin-id/menjin/domain"
)

// Unbounded, they would need 608 MiB a core. What was given back and not yet collected counts too.
func TestManyCallersNeedTheMemoryOfAFew(t *testing.T) {
	h := NewHasher()
	var callers sync.WaitGroup
	for range 32 * runtime.GOMAXPROCS(0) {
		callers.Go(func() {
			if _, _, err := h.Verify(t.Context(), secret("wrong"), domain.PasswordHash{}); err != nil {
				t.Errorf("verify: %v", err)
			}
		})
	}
	callers.Wait()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	most := uint64(runtime.GOMAXPROCS(0)+1) * 160 << 20
	if memory.HeapSys > most { // the most that the heap ever was
		t.Errorf("the heap grew to %d MiB, want at most %d", memory.HeapSys>>20, most>>20)
	}
}
