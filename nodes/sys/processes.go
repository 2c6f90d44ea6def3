package sys

import (
	"context"
	"errors"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[listProcessesIn, listProcessesOut]{
		Type:  "sys.list_processes",
		Title: "List processes",
		Doc: "Returns the processes that run on this computer, with their memory and processor time. " +
			"Of other users' processes some fields are empty when Aether may not read them. Command lines can hold passwords: they are left out unless asked for.",
		Effect: node.Read,
		Examples: []node.Example[listProcessesIn, listProcessesOut]{{
			Title: "The three that use most memory",
			In:    listProcessesIn{SortBy: "memory", Limit: 3},
			Check: func(o listProcessesOut) error {
				if len(o.Processes) == 0 || len(o.Processes) > 3 || o.Count < len(o.Processes) {
					return errors.New("expected one to three processes")
				}
				return nil
			},
		}},
		Run: listProcesses,
	})
}

// match says which processes are meant.
type match struct {
	Name    string `json:"name" doc:"Name of the program, for instance excel or chrome*. The case and a final .exe do not matter; * stands for any characters."`
	PID     int    `json:"pid" min:"0" doc:"Id of the process; 0 is any."`
	User    string `json:"user" is:"advanced" doc:"Only processes of this user."`
	Command string `json:"command" is:"advanced" doc:"Only processes whose command line holds this text."`
}

func (m match) empty() bool { return m.Name == "" && m.PID == 0 && m.User == "" && m.Command == "" }

func (m match) String() string {
	var parts []string
	add := func(name, v string) {
		if v != "" {
			parts = append(parts, name+" "+v)
		}
	}
	add("name", m.Name)
	if m.PID != 0 {
		add("id", itoa(m.PID))
	}
	add("user", m.User)
	add("command with", m.Command)
	return strings.Join(parts, ", ")
}

// find returns the living processes that match; of itself Aether knows enough.
func (m match) find(ctx context.Context) ([]*process.Process, error) {
	pattern := plainName(m.Name)
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, node.Failf(node.KindInput, "%q is not a pattern of names.", m.Name)
	}
	var all []*process.Process
	if m.PID != 0 {
		p, err := process.NewProcessWithContext(ctx, int32(m.PID))
		if errors.Is(err, process.ErrorProcessNotRunning) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		all = []*process.Process{p}
	} else {
		var err error
		if all, err = process.ProcessesWithContext(ctx); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(p *process.Process) bool { return !m.matches(ctx, p, pattern) }), ctx.Err()
}

func (m match) matches(ctx context.Context, p *process.Process, pattern string) bool {
	if pattern != "" {
		name, err := p.NameWithContext(ctx)
		if ok, _ := path.Match(pattern, plainName(name)); err != nil || !ok {
			return false
		}
	}
	if m.User != "" {
		if user, err := p.UsernameWithContext(ctx); err != nil || !sameUser(user, m.User) {
			return false
		}
	}
	if m.Command != "" {
		if line, err := p.CmdlineWithContext(ctx); err != nil || !strings.Contains(line, m.Command) {
			return false
		}
	}
	return !ended(ctx, p)
}

// ended reports whether the process is gone, or is a zombie: gone but for its
// parent's notice.
func ended(ctx context.Context, p *process.Process) bool {
	status, err := p.StatusWithContext(ctx)
	if err == nil {
		return slices.Contains(status, process.Zombie)
	}
	if runtime.GOOS != "windows" {
		running, err := p.IsRunningWithContext(ctx)
		return err != nil || !running
	}
	running, err := p.IsRunningWithContext(ctx)
	return err == nil && !running
}

func plainName(s string) string {
	return strings.TrimSuffix(strings.ToLower(s), ".exe")
}

func sameUser(got, want string) bool {
	if strings.EqualFold(got, want) {
		return true
	}
	_, short, ok := strings.Cut(got, `\`) // DOMAIN\user
	return ok && strings.EqualFold(short, want)
}

type listProcessesIn struct {
	match
	SortBy  string `json:"sort_by" default:"pid" enum:"pid,name,cpu,memory,started" doc:"Order of the list; cpu, memory and started begin with the largest or latest."`
	Limit   int    `json:"limit" min:"0" doc:"Return only the first of them; 0 returns all."`
	Details bool   `json:"details" doc:"Also return command lines and paths of the programs."`
}

type listProcessesOut struct {
	Processes []any `json:"processes" doc:"One map for each process: pid, parent, name, user, status, started, cpu_seconds, memory (bytes), and with details command and path."`
	Count     int   `json:"count" doc:"How many matched, also those beyond limit."`
}

func listProcesses(ctx context.Context, _ *node.Env, in listProcessesIn) (out listProcessesOut, err error) {
	found, err := in.find(ctx)
	if err != nil {
		return out, err
	}
	out.Count, out.Processes = len(found), []any{}
	for _, p := range found {
		out.Processes = append(out.Processes, describe(ctx, p, in.Details))
	}
	sortProcesses(out.Processes, in.SortBy)
	if in.Limit > 0 && len(out.Processes) > in.Limit {
		out.Processes = out.Processes[:in.Limit]
	}
	return out, ctx.Err()
}

func describe(ctx context.Context, p *process.Process, details bool) map[string]any {
	m := map[string]any{"pid": int(p.Pid), "parent": 0, "name": "", "user": "", "status": "", "started": nil, "cpu_seconds": 0, "memory": 0}
	if v, err := p.PpidWithContext(ctx); err == nil {
		m["parent"] = int(v)
	}
	text := func(key string, v string, err error) {
		if err == nil {
			m[key] = strings.ToValidUTF8(v, "\ufffd")
		}
	}
	v, err := p.NameWithContext(ctx)
	text("name", v, err)
	v, err = p.UsernameWithContext(ctx)
	text("user", v, err)
	if s, err := p.StatusWithContext(ctx); err == nil && len(s) > 0 {
		m["status"] = s[0]
	}
	if ms, err := p.CreateTimeWithContext(ctx); err == nil && ms > 0 {
		m["started"] = time.UnixMilli(ms).UTC().Format(time.RFC3339)
	}
	if t, err := p.TimesWithContext(ctx); err == nil && t != nil {
		m["cpu_seconds"] = t.User + t.System
	}
	if i, err := p.MemoryInfoWithContext(ctx); err == nil && i != nil {
		m["memory"] = int(i.RSS)
	}
	if details {
		m["command"], m["path"] = "", ""
		v, err = p.CmdlineWithContext(ctx)
		text("command", v, err)
		v, err = p.ExeWithContext(ctx)
		text("path", v, err)
	}
	return m
}

func sortProcesses(list []any, by string) {
	slices.SortStableFunc(list, func(a, b any) int {
		x, y := a.(map[string]any), b.(map[string]any)
		switch by {
		case "name":
			return strings.Compare(strings.ToLower(x["name"].(string)), strings.ToLower(y["name"].(string)))
		case "cpu":
			return compareNumbers(y["cpu_seconds"], x["cpu_seconds"])
		case "memory":
			return compareNumbers(y["memory"], x["memory"])
		case "started":
			s, _ := x["started"].(string)
			t, _ := y["started"].(string)
			return strings.Compare(t, s)
		}
		return compareNumbers(x["pid"], y["pid"])
	})
}
