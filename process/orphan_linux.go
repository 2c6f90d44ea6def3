package process

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// marks are the variables by which a process is known to be of an Aether.
type marks struct{ program, run string }

// marksOf reads the environment that a process was started with; it is empty if
// the process is somebody else's.
func marksOf(pid int) (m marks) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return m
	}
	for kv := range bytes.SplitSeq(b, []byte{0}) {
		if v, ok := bytes.CutPrefix(kv, []byte(Marker+"=")); ok {
			m.program = string(v)
		}
		if v, ok := bytes.CutPrefix(kv, []byte(RunMarker+"=")); ok {
			m.run = string(v)
		}
	}
	return m
}

func runToken(scope, run string) string { return owner() + "-" + scope + "-" + run }

// ofRun takes a token of RunMark apart.
func ofRun(token string) (scope, run string) {
	p := strings.SplitN(token, "-", 5)
	if len(p) < 5 {
		return "", ""
	}
	return p[3], p[4]
}

// KillOrphans kills processes that an Aether which is no longer running had
// started, and what belongs to them: their descendants, and the groups and
// sessions that they are the first of. It returns what it killed. Call it when
// the program starts. Programs of runs of another scope are left alone.
func KillOrphans(ctx context.Context, scope string) ([]Orphan, error) {
	return killMarked(ctx, 0, func(m marks) bool {
		if m.run == "" {
			return orphaned(m.program)
		}
		of, _ := ofRun(m.run)
		return of == scope && orphaned(m.run)
	})
}

// KillRun kills the processes of a run of this Aether, which has ended, and
// returns them. What [Run] started has ended before it returned.
func KillRun(ctx context.Context, scope, run string) ([]Orphan, error) {
	mark := runToken(scope, run)
	self, _ := readStat(os.Getpid())
	return killMarked(ctx, self.start, func(m marks) bool { return m.run == mark })
}

func killMarked(ctx context.Context, since uint64, wanted func(marks) bool) ([]Orphan, error) {
	seen := map[int]Orphan{}
	runs := map[int]string{} // of a group, of which some members are marked
	err := killAll(func() []stat {
		if ctx.Err() != nil {
			return nil
		}
		all := listStats(since)
		in, groups := map[int]bool{}, map[int]bool{}
		for _, p := range all {
			m := marksOf(p.pid)
			if p.dead || !wanted(m) {
				continue
			}
			_, run := ofRun(m.run)
			in[p.pid] = true
			seen[p.pid] = Orphan{PID: p.pid, Name: p.name, Run: run}
			if m.program != "" {
				// Run gave the program a group of its own, so all of the group is
				// the program's, also what has another environment by now.
				groups[p.group] = true
				runs[p.group] = run
			}
		}
		own := unix.Getpgrp()
		for grown := true; grown; {
			grown = false
			for _, p := range all {
				if p.dead || in[p.pid] || !in[p.parent] && !in[p.session] && !(groups[p.group] && p.group != own && !foreign(all, in, p.group)) {
					continue
				}
				in[p.pid], grown = true, true
				if _, known := seen[p.pid]; !known {
					seen[p.pid] = Orphan{PID: p.pid, Name: p.name, Run: cmp.Or(seen[p.parent].Run, seen[p.session].Run, runs[p.group])}
				}
			}
		}
		return slices.DeleteFunc(all, func(p stat) bool { return !in[p.pid] })
	})
	out := make([]Orphan, 0, len(seen))
	for _, o := range seen {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Orphan) int { return a.PID - b.PID })
	return out, errors.Join(ctx.Err(), err)
}

// foreign reports whether the first process of a group lives and is not one of
// ours: then the group is not ours either.
func foreign(all []stat, in map[int]bool, group int) bool {
	return slices.ContainsFunc(all, func(p stat) bool { return p.pid == group && !p.dead && !in[p.pid] })
}
