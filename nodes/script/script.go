// Package script holds the nodes that run code written in the flow: JavaScript
// and jq confined to a worker process, Python and shells as programs with the
// rights of Aether.
package script

import (
	"context"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.RegisterFamily(node.Family{Name: "script", Title: "Scripts", Doc: "Run code of your own: JavaScript, jq, Python or a shell."})
}

// logging is implemented by workers that also tell what a script printed.
type logging interface {
	DoWithLogs(ctx context.Context, job node.WorkerJob) (any, []string, error)
}

// work runs a job in the worker.
func work(ctx context.Context, env *node.Env, job node.WorkerJob) (any, []string, error) {
	if env.Worker == nil {
		return nil, nil, node.Fail(node.KindError, "This Aether has no worker for scripts.", "run the flow with the aether command")
	}
	if w, ok := env.Worker.(logging); ok {
		return w.DoWithLogs(ctx, job)
	}
	v, err := env.Worker.Do(ctx, job)
	return v, nil, err
}

// memory reads the param of that name.
func memory(text string) (int64, error) {
	n, err := command.ParseSize(text)
	if err != nil {
		return 0, node.Fail(node.KindInput, "memory: "+err.Error(), "")
	}
	return n, nil
}

// encode returns the input of a program as JSON, large values included.
func encode(ctx context.Context, v any) ([]byte, error) {
	v, err := value.LoadAll(ctx, v)
	if err != nil {
		return nil, err
	}
	b, err := value.JSON(v)
	if err != nil {
		return nil, node.Failf(node.KindInput, "input: %v.", err)
	}
	return b, nil
}
