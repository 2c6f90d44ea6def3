package worker

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// margin is what the runtime may reserve beyond the script's memory: it
// reserves its heap in pieces of 64 MiB, and ends messily when what it needs
// for itself is refused. What grows in small steps is the watchdog's.
const margin = 256 << 20

// limitKernel has the kernel refuse what the watchdog would see too late, files
// and core dumps. A limit that cannot be set leaves the others in force.
//
// The limit is on addresses, not RLIMIT_DATA: the runtime maps its heap over
// addresses that it reserved before, which that limit lets pass.
func limitKernel(memory int64) {
	if used := addressSpace(); used > 0 && !underRace {
		n := uint64(used + memory + memory/4 + margin)
		_ = unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: n, Max: n})
	}
	_ = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// addressSpace returns the bytes of addresses that are in use.
func addressSpace() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("VmSize:"))
	f := bytes.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(f[0]), 10, 64)
	return n << 10
}
