package process

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// stat is what /proc says of a process. Its id and start time together name
// it for ever; the id alone is used again.
type stat struct {
	pid, parent, group, session int

	name     string // of the program, at most 15 bytes
	start    uint64 // clock ticks after boot
	resident int64  // bytes
	dead     bool   // a zombie, waiting for its parent
}

// readStat reads /proc/PID/stat; false when there is no such process.
func readStat(pid int) (stat, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	// The name in parentheses may hold anything, so count from its end.
	from, to := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if from < 0 || to < from {
		return stat{}, false
	}
	f := bytes.Fields(b[to+1:])
	if len(f) < 22 {
		return stat{}, false
	}
	num := func(i int) int64 { n, _ := strconv.ParseInt(string(f[i]), 10, 64); return n }
	return stat{
		pid: pid, parent: int(num(1)), group: int(num(2)), session: int(num(3)), start: uint64(num(19)),
		name:     strings.ToValidUTF8(string(b[from+1:to]), "?"),
		resident: num(21) * int64(os.Getpagesize()),
		dead:     f[0][0] == 'Z' || f[0][0] == 'X',
	}, true
}

// listStats returns all processes but our own that started at that time or
// later.
func listStats(since uint64) []stat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	self := os.Getpid()
	var out []stat
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil || pid == self || pid <= 1 {
			continue
		}
		if s, ok := readStat(pid); ok && s.start >= since {
			out = append(out, s)
		}
	}
	return out
}

// signal sends a signal to exactly this process, never to a later one with the
// same id.
func (s stat) signal(sig unix.Signal) {
	fd, err := unix.PidfdOpen(s.pid, 0)
	if err == nil {
		defer unix.Close(fd)
	}
	if now, ok := readStat(s.pid); !ok || now.start != s.start {
		return
	}
	if err != nil {
		_ = unix.Kill(s.pid, sig)
		return
	}
	_ = unix.PidfdSendSignal(fd, sig, nil, 0)
}

func carries(pid int, token string) bool { return token != "" && marksOf(pid).program == token }

// owner names this Aether: its namespace of ids, its id and its start.
var owner = sync.OnceValue(func() string {
	ns, _ := os.Readlink("/proc/self/ns/pid")
	s, _ := readStat(os.Getpid())
	return fmt.Sprintf("%s-%d-%d", strings.Trim(ns, "pid:[]"), s.pid, s.start)
})

func newToken() string { return owner() + "-" + rand.Text() }

// orphaned reports whether the Aether that made the token is gone. Tokens of
// other namespaces say nothing about ids seen here.
func orphaned(token string) bool {
	var ns string
	var pid int
	var start uint64
	parts := strings.SplitN(token, "-", 4)
	if len(parts) != 4 {
		return false
	}
	ns = parts[0]
	pid, err1 := strconv.Atoi(parts[1])
	start, err2 := strconv.ParseUint(parts[2], 10, 64)
	if err1 != nil || err2 != nil || ns != strings.SplitN(owner(), "-", 2)[0] {
		return false
	}
	s, ok := readStat(pid)
	return !ok || s.start != start || s.dead
}
