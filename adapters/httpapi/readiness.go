package httpapi

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const pingLimit = 2 * time.Second

// readiness asks the dependencies whether they can be reached. Callers who come together share one answer, so that the
// route, which wants no token, cannot be used to press on them.
type readiness struct {
	dependencies []Dependency
	log          *slog.Logger
	draining     atomic.Bool
	asking       singleflight.Group

	mu   sync.Mutex
	down map[string]bool
}

func newReadiness(dependencies []Dependency, logger *slog.Logger) *readiness {
	return &readiness{dependencies: dependencies, log: logger, down: make(map[string]bool)}
}

func (r *readiness) ask(ctx context.Context) Readiness {
	if r.draining.Load() {
		return Readiness{Status: Draining, Dependencies: []DependencyState{}}
	}
	answer, _, _ := r.asking.Do("", func() (any, error) {
		// Not cancelled with the caller who happened to be first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingLimit)
		defer cancel()
		return r.askAll(ctx), nil
	})
	return answer.(Readiness)
}

func (r *readiness) askAll(ctx context.Context) Readiness {
	states := make([]DependencyState, len(r.dependencies))
	var pings sync.WaitGroup
	for i, dependency := range r.dependencies {
		pings.Go(func() { states[i] = r.askOne(ctx, dependency) })
	}
	pings.Wait()
	status := Ready
	for i, state := range states {
		switch {
		case state.Status == Up:
		case !r.dependencies[i].Optional:
			status = Unready
		case status == Ready:
			status = Degraded
		}
	}
	return Readiness{Status: status, Dependencies: states}
}

func (r *readiness) askOne(ctx context.Context, dependency Dependency) DependencyState {
	began := time.Now()
	err := dependency.Ping(ctx)
	state := DependencyState{
		Name: dependency.Name, Status: Up, LatencyMs: float64(time.Since(began).Microseconds()) / 1000,
	}
	if err != nil {
		state.Status = Down
	}
	r.logChange(ctx, dependency.Name, err)
	return state
}

// logChange writes a line when a dependency goes and when it comes back, not with every probe between.
func (r *readiness) logChange(ctx context.Context, name string, err error) {
	r.mu.Lock()
	changed := r.down[name] != (err != nil)
	r.down[name] = err != nil
	r.mu.Unlock()
	switch {
	case changed && err != nil:
		r.log.WarnContext(ctx, "dependency is down", "dependency", name, "error", err.Error())
	case changed:
		r.log.InfoContext(ctx, "dependency is back", "dependency", name)
	}
}
