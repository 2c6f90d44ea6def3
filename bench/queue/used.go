package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// used is the processor time of a job: here, and in the processes of the database
// server. A machine that does nothing else but this does at most as many jobs in a
// second as fit into the time of its cores, and a busy machine changes it little,
// other than a rate.
type used struct{ client, server time.Duration }

// String writes both in microseconds.
func (u used) String() string {
	if u.client == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f + %.1f µs", float64(u.client.Nanoseconds())/1000, float64(u.server.Nanoseconds())/1000)
}

// uses measures what some work uses for each of the jobs that it returns.
func (b *bench) uses(work func() (jobs int64, err error)) error {
	client, server := cpu(), cpuBelow(b.server.pid)
	n, err := work()
	if n > 0 {
		b.last = &used{(cpu() - client) / time.Duration(n), (cpuBelow(b.server.pid) - server) / time.Duration(n)}
	}
	return err
}

// middle returns the median by the sum of both.
func middle(all []used) used {
	if len(all) == 0 {
		return used{}
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b used) int { return cmp.Compare(a.client+a.server, b.client+b.server) })
	return all[len(all)/2]
}
