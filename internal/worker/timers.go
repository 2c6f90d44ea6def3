package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/dop251/goja"
)

// timers are setTimeout and clearTimeout. They fire only while the script's
// result is a promise that is not settled yet.
type timers struct {
	last int64
	list []timer // by time
}

type timer struct {
	id   int64
	at   time.Time
	call goja.Callable
	args []goja.Value
}

// maxDelay is the longest delay browsers take too.
const maxDelay = 1<<31 - 1

// errStuck says that nothing can settle the promise any more.
var errStuck = errors.New("it waits for a promise that nothing fulfils")

func (t *timers) install(vm *goja.Runtime) error {
	return errors.Join(
		vm.Set("setTimeout", func(call goja.FunctionCall) goja.Value {
			fn, ok := goja.AssertFunction(call.Argument(0))
			if !ok {
				panic(vm.NewTypeError("setTimeout needs a function"))
			}
			ms := min(max(call.Argument(1).ToInteger(), 0), maxDelay)
			t.last++
			n := timer{id: t.last, at: time.Now().Add(time.Duration(ms) * time.Millisecond), call: fn}
			if len(call.Arguments) > 2 {
				n.args = call.Arguments[2:]
			}
			i, _ := slices.BinarySearchFunc(t.list, n, func(a, b timer) int {
				if c := a.at.Compare(b.at); c != 0 {
					return c
				}
				return -1 // behind those of the same time
			})
			t.list = slices.Insert(t.list, i, n)
			return vm.ToValue(n.id)
		}),
		vm.Set("clearTimeout", func(id int64) {
			t.list = slices.DeleteFunc(t.list, func(n timer) bool { return n.id == id })
		}),
	)
}

// next waits for the first timer and fires it.
func (t *timers) next(ctx context.Context) error {
	if len(t.list) == 0 {
		return errStuck
	}
	n := t.list[0]
	t.list = t.list[1:]
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(n.at)):
	}
	_, err := n.call(goja.Undefined(), n.args...)
	return err
}
