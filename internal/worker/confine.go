package worker

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// watchEvery is how often the watchdog looks. Between two looks a script can
// allocate a few hundred MB at most; the kernel's limit is for those.
const watchEvery = 10 * time.Millisecond

// confine limits this process before it reads anything that it must not trust.
func confine(memory int64) {
	base := heldMemory()
	// The collector works harder from here on, so that garbage alone does not
	// reach the limit.
	debug.SetMemoryLimit(base + memory*8/10)
	debug.SetMaxStack(int(min(memory/2, 128<<20)))
	limitKernel(memory)
}

// heldMemory returns the bytes that the Go runtime has from the system: all
// memory of the process but its program text.
func heldMemory() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

// watchMemory ends the process when it holds more than it may.
func (c *child) watchMemory() {
	limit := heldMemory() + c.Memory
	for range time.Tick(watchEvery) {
		if heldMemory() > limit {
			c.end(answer{Failure: failMemory(c.Memory)}, exitMemory)
		}
	}
}
