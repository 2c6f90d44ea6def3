package config

import (
	"fmt"
	"slices"
	"time"
)

// Report is what Check found out about the database.
type Report struct {
	// Kind is KindSQLite or KindPostgres.
	Kind string `json:"kind"`
	// Database is the connection string, masked.
	Database string `json:"database"`
	// ServerVersion is the version of the PostgreSQL server or of the SQLite library.
	ServerVersion string `json:"server_version"`
	// Latency is the median time of a round trip.
	Latency time.Duration `json:"latency_ns"`
	// SSLMode is PostgreSQL's sslmode, as asked for or by default.
	SSLMode string `json:"sslmode,omitempty"`
	// TLS is the version of TLS in use; empty if the connection is not encrypted.
	TLS string `json:"tls,omitempty"`
	// Aether and DBOS say how far each one's tables are migrated.
	Aether Tables `json:"aether"`
	DBOS   Tables `json:"dbos"`
	// Rights are what Aether needs to be allowed, and whether it is.
	Rights []Right `json:"rights"`
	// Warnings are things that work but will disappoint.
	Warnings []string `json:"warnings,omitempty"`
}

// Tables is the state of one set of tables.
type Tables struct {
	// Schema is the PostgreSQL schema they are in; empty for SQLite.
	Schema string `json:"schema,omitempty"`
	// Exists says whether the schema is there; for SQLite, whether the migration table is.
	Exists bool `json:"exists"`
	// Version is the last migration; 0 if there was none yet.
	Version int64 `json:"version"`
}

// Right is one thing that Aether needs to be allowed.
type Right struct {
	// Name says what, such as "create tables in schema aether".
	Name string `json:"name"`
	// OK says whether it is allowed.
	OK bool `json:"ok"`
	// Remedy says what to do if it is not.
	Remedy string `json:"remedy,omitempty"`
}

// Ready reports whether Aether can work on this database.
func (r Report) Ready() bool {
	return len(r.Rights) > 0 && !slices.ContainsFunc(r.Rights, func(right Right) bool { return !right.OK })
}

// Lines returns the report for people, one line for each finding.
func (r Report) Lines() []string {
	lines := []string{"database     " + r.Database}
	if r.ServerVersion != "" {
		name := map[string]string{KindSQLite: "SQLite", KindPostgres: "PostgreSQL"}[r.Kind]
		lines = append(lines, "server       "+name+" "+r.ServerVersion,
			fmt.Sprintf("latency      %s (median)", r.Latency.Round(time.Microsecond)))
	}
	if r.Kind == KindPostgres {
		tls := r.TLS
		if tls == "" {
			tls = "not encrypted"
		}
		lines = append(lines, "connection   "+tls+", sslmode="+r.SSLMode)
	}
	lines = append(lines, "aether       "+r.Aether.line(), "dbos         "+r.DBOS.line())
	for _, right := range r.Rights {
		if right.OK {
			lines = append(lines, "ok           "+right.Name)
		} else {
			lines = append(lines, "not allowed  "+right.Name+": "+right.Remedy)
		}
	}
	for _, w := range r.Warnings {
		lines = append(lines, "warning      "+w)
	}
	return lines
}

func (t Tables) line() string {
	what := "tables"
	if t.Schema != "" {
		what = "schema " + t.Schema
	}
	switch {
	case !t.Exists:
		return what + " not there yet, made at the first start"
	case t.Version == 0:
		return what + " there, no migration applied"
	}
	return fmt.Sprintf("%s at version %d", what, t.Version)
}
