package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/secret"
)

// Setting is one setting in effect.
type Setting struct {
	Key    string `json:"key" doc:"Its name in aether.yaml."`
	Value  string `json:"value" doc:"Masked if it holds a secret."`
	Source string `json:"source" doc:"Where it is from: a flag, the environment, a file, or default."`
	Secret bool   `json:"secret,omitempty" doc:"The value is masked."`
}

// Health is how the server and what it needs are doing.
type Health struct {
	Parts    []HealthPart   `json:"parts"`
	Version  string         `json:"version"`
	Go       string         `json:"go"`
	System   string         `json:"system"`
	Database DatabaseHealth `json:"database"`
	Disk     *DiskHealth    `json:"disk,omitempty" doc:"Of the data folder."`
	Robots   []RobotVersion `json:"robots" doc:"Robots by the version of their program."`
}

// HealthPart is one thing that must be in order.
type HealthPart struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty" doc:"What to do."`
}

// DatabaseHealth tells of the database.
type DatabaseHealth struct {
	Kind      string  `json:"kind" enum:"sqlite,postgres"`
	Version   string  `json:"version"`
	Migration int     `json:"migration" doc:"The last that was applied."`
	Latency   float64 `json:"latency_ms" doc:"Of a question and its answer, in milliseconds."`
	Size      int64   `json:"size" doc:"In bytes."`
}

// DiskHealth tells of a disk.
type DiskHealth struct {
	Total uint64 `json:"total"`
	Free  uint64 `json:"free"`
}

// RobotVersion is how many robots have a version of the program.
type RobotVersion struct {
	Version string `json:"version"`
	Count   int    `json:"count"`
	Online  int    `json:"online"`
}

// lowDisk is how much of the disk should be free: a full one stops everything.
const lowDisk = 0.05

func (s *Server) system(a huma.API) {
	handle(s, a, op{right: auth.ReadSettings, method: http.MethodGet, path: "/settings", id: "list-settings", summary: "List the settings in effect and where each is from; what is secret is masked", tag: "system"},
		func(context.Context, *struct{}) (*page[Setting], error) {
			return paged(slices.Clone(s.Settings), len(s.Settings), func(Setting) any { return nil }), nil
		})
	handle(s, a, op{right: auth.ReadHealth, method: http.MethodGet, path: "/health", id: "health", summary: "Tell how the server, its database, its disk and the robots are doing", tag: "system"},
		func(ctx context.Context, _ *struct{}) (*answer[Health], error) {
			return &answer[Health]{s.healthNow(ctx)}, nil
		})
}

// healthNow looks at all parts; one that fails says so and keeps none from being looked at.
func (s *Server) healthNow(ctx context.Context) Health {
	h := Health{Version: s.Version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Parts: []HealthPart{}, Robots: []RobotVersion{}}
	add := func(name string, ok bool, detail, hint string) {
		if ok {
			hint = ""
		}
		h.Parts = append(h.Parts, HealthPart{name, ok, detail, hint})
	}
	add("Server", true, "answers, version "+s.Version, "")
	began := time.Now()
	_, err := s.Queue.Now(ctx)
	h.Database.Latency = float64(time.Since(began).Microseconds()) / 1000
	if err == nil {
		err = s.databaseHealth(ctx, &h.Database)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "looking at the database", "err", err)
		add("Database", false, "does not answer as it should", "look whether it runs, and whether this server may connect; the log tells more")
	} else {
		add("Database", true, fmt.Sprintf("answers in %.1f ms", h.Database.Latency), "")
	}
	s.storeHealth(ctx, add)
	if s.DataDir != "" {
		if u, err := disk.UsageWithContext(ctx, s.DataDir); err != nil {
			add("Disk", false, "the disk of the data folder cannot be asked", "look whether the data folder is there and may be read")
		} else {
			h.Disk = &DiskHealth{u.Total, u.Free}
			add("Disk", float64(u.Free) >= lowDisk*float64(u.Total), fmt.Sprintf("%.0f %% of the data folder's disk are free", 100*float64(u.Free)/float64(max(1, u.Total))), "make room: a full disk stops runs and the database")
		}
	}
	s.robotHealth(ctx, &h, add)
	return h
}

func (s *Server) databaseHealth(ctx context.Context, d *DatabaseHealth) error {
	version, size := `SELECT sqlite_version()`, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	if d.Kind = "sqlite"; s.DB.Pool != nil {
		d.Kind, version, size = "postgres", `SELECT current_setting('server_version')`, `SELECT pg_database_size(current_database())`
	}
	return errors.Join(
		s.DB.QueryRow(ctx, version).Scan(&d.Version),
		s.DB.QueryRow(ctx, size).Scan(&d.Size),
		s.DB.QueryRow(ctx, `SELECT COALESCE(max(version), 0) FROM {s}migration`).Scan(&d.Migration),
	)
}

// storeHealth tells whether the store of secrets opens.
func (s *Server) storeHealth(ctx context.Context, add func(name string, ok bool, detail, hint string)) {
	st, err := s.Store.Check(ctx)
	switch {
	case errors.Is(err, secret.ErrLocked):
		add("Secrets", false, "this server does not have the key of the store", "give it the key the store is encrypted with: `aether secret key` on its machine tells more")
	case err != nil:
		s.Log.WarnContext(ctx, "looking at the store of secrets", "err", err)
		add("Secrets", false, "the store cannot be looked at", "the log tells more")
	case st.Exposed:
		add("Secrets", false, "other users of the server's machine may read the key of the store", "take their rights to the key file: chmod 600")
	default:
		add("Secrets", true, fmt.Sprintf("the store opens; it has %d", st.Secrets), "")
	}
}

// robotHealth counts the robots by version.
func (s *Server) robotHealth(ctx context.Context, h *Health, add func(name string, ok bool, detail, hint string)) {
	robots, err := s.Queue.Robots(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "looking at the robots", "err", err)
		add("Robots", false, "the robots cannot be listed", "the log tells more")
		return
	}
	online, lost := 0, 0
	by := map[string]*RobotVersion{}
	for _, r := range robots {
		version := r.Facts["version"]
		v := by[version]
		if v == nil {
			v = &RobotVersion{Version: version}
			by[version] = v
		}
		v.Count++
		switch r.State {
		case queue.Offline:
		case queue.Lost:
			lost++
		default:
			v.Online++
			online++
		}
	}
	for _, v := range by {
		h.Robots = append(h.Robots, *v)
	}
	slices.SortFunc(h.Robots, func(a, b RobotVersion) int { return strings.Compare(b.Version, a.Version) })
	switch {
	case online == 0:
		add("Robots", false, "no robot is online", "start one with `aether robot`")
	case lost > 0:
		add("Robots", false, fmt.Sprintf("%d online, %d lost", online, lost), "look at the machines of the lost ones, or take them off the list of robots")
	default:
		add("Robots", true, fmt.Sprintf("%d online", online), "")
	}
}
