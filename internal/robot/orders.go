package robot

import (
	"context"
	"sync/atomic"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/internal/run"
)

// countOrders tells the engine how many orders were sent to the run before this execution.
func (r *Robot) countOrders(ctx context.Context, rn *run.Run, into *atomic.Int64) error {
	_, n, err := r.Runs.Asked(ctx, rn, engine.DebugTopic)
	into.Store(n)
	return err
}
