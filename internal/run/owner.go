package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/process"
)

// Liveness says whether a process lives.
type Liveness int

// What can be known of a process.
const (
	Unknown Liveness = iota // it runs on another machine
	Live
	Dead
)

// Self names a process: host, process id and start time, so that another
// process which later gets the same id is not taken for it.
func Self(host string, pid int) string {
	return fmt.Sprintf("%s/%d/%d", strings.ReplaceAll(host, "/", "_"), pid, startTime(pid))
}

func startTime(pid int) int64 {
	p, err := process.NewProcess(int32(pid)) //nolint:gosec // process ids fit
	if err != nil {
		return 0
	}
	// A process that has ended and was not yet collected by its parent still
	// has an entry.
	if st, err := p.Status(); err == nil && slices.Contains(st, process.Zombie) {
		return 0
	}
	ms, err := p.CreateTime()
	if err != nil {
		return 0
	}
	return ms / 1000
}

// thisHost is the host part of the owners this process can tell the liveness
// of; SetHost sets it.
var thisHost string

// SetHost says which host this process runs on, by the name it gives to Self.
func SetHost(host string) { thisHost = strings.ReplaceAll(host, "/", "_") }

// Alive tells whether the process an owner names lives. It can only know for
// processes of the same host.
func Alive(owner string) Liveness {
	parts := strings.Split(owner, "/")
	if len(parts) != 3 || parts[0] != thisHost || thisHost == "" {
		return Unknown
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return Unknown
	}
	started := startTime(pid)
	if started == 0 {
		return Dead
	}
	if was, err := strconv.ParseInt(parts[2], 10, 64); err == nil && was != 0 && abs(started-was) > 1 {
		return Dead
	}
	return Live
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
