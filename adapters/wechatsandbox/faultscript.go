package wechatsandbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
)

type faultScript struct {
	armed atomic.Bool // lets requests pass without the lock while nothing is scripted

	mu     sync.Mutex
	faults []Fault
	dice   *rand.Rand
}

func (f *faultScript) add(faults []Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults)+len(faults) > maxFaults {
		return fmt.Errorf("script would grow beyond %d faults", maxFaults)
	}
	f.faults = append(f.faults, faults...)
	f.armed.Store(len(f.faults) > 0)
	return nil
}

func (f *faultScript) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.faults)
}

func (f *faultScript) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
	f.armed.Store(false)
}

// take returns the fault that strikes the next request of route, the zero Fault for none.
func (f *faultScript) take(route string) Fault {
	if !f.armed.Load() {
		return Fault{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.faults {
		struck := f.faults[i]
		if struck.Route != "" && struck.Route != route || !f.roll(struck.Chance) {
			continue
		}
		f.use(i)
		return struck
	}
	return Fault{}
}

func (f *faultScript) roll(chance float64) bool {
	return chance == 0 || f.dice.Float64() < chance
}

func (f *faultScript) use(i int) {
	if f.faults[i].Times < 0 {
		return
	}
	f.faults[i].Times--
	if f.faults[i].Times == 0 {
		f.faults = slices.Delete(f.faults, i, i+1)
	}
	f.armed.Store(len(f.faults) > 0)
}
