package config

import (
	"os"
	"path/filepath"
	"strings"
)

// candidate is one place that names a database.
type candidate struct {
	entry
	// resolve returns the connection string; nil means that text is one.
	resolve func() (string, error)
}

// fillDatabase chooses the connection string and returns where it is from.
func (l *loader) fillDatabase(c *Config) (source string, err error) {
	pghost, _ := l.in.Env("PGHOST")
	var remarks []string
	for _, cand := range l.candidates() {
		text, err := l.resolve(cand)
		if c.LocalMode && err != nil && isReference(cand.text) {
			continue // a template's ${DBOS_SYSTEM_DATABASE_URL} with nothing behind it names no local database
		}
		if err != nil {
			return cand.source, err
		}
		t, err := parseTarget(text)
		if err != nil {
			return cand.source, err
		}
		if c.LocalMode && !t.local(pghost) {
			remarks = append(remarks, "local mode passes over the remote database of "+cand.source)
			continue
		}
		return l.accept(c, t, cand, remarks)
	}
	if c.DataDir == "" {
		return "default", nil // the missing data folder is a problem of its own
	}
	t, err := parseTarget("sqlite:" + filepath.Join(c.DataDir, "aether.db"))
	if err != nil {
		return "default", err
	}
	_, urlSource, hasURL := l.variable("SUPABASE_URL")
	if _, hasPassword := l.lookup("SUPABASE_DB_PASSWORD"); hasURL && !hasPassword {
		remarks = append(remarks, "SUPABASE_URL of "+urlSource+" is not used without SUPABASE_DB_PASSWORD")
	}
	return l.accept(c, t, candidate{entry: entry{source: "default", base: l.in.Dir}}, remarks)
}

// accept puts a connection string into the Config: SQLite with an absolute path, PostgreSQL with
// DB_PASSWORD if it has no password of its own.
func (l *loader) accept(c *Config, t target, cand candidate, remarks []string) (source string, err error) {
	source = cand.source
	if t.kind == KindSQLite {
		if t.text, err = l.absoluteSQLite(t.text, cand.base); err != nil {
			return source, err
		}
	} else if password, from, ok := l.variable("DB_PASSWORD"); ok && t.password == "" {
		t.text = t.withPassword(password)
		remarks = append(remarks, "password from "+from)
	}
	c.Database.URL, c.Database.Kind = Secret(t.text), t.kind
	if len(remarks) > 0 {
		source += " (" + strings.Join(remarks, "; ") + ")"
	}
	return source, nil
}

// absoluteSQLite returns the one form that all users of the URL understand: sqlite: and a whole path.
func (l *loader) absoluteSQLite(text, base string) (string, error) {
	path := sqlitePath(text)
	if path == ":memory:" {
		return "sqlite:" + path, nil
	}
	abs, err := parsePath(given{base: base, home: l.in.Home}, path)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(abs); err == nil && info.IsDir() {
		return "", bad("names a folder as SQLite file", "Add a file name, such as sqlite:"+filepath.Join(path, "aether.db"))
	}
	return "sqlite:" + abs, nil
}

func (l *loader) resolve(cand candidate) (string, error) {
	if cand.resolve != nil {
		return cand.resolve()
	}
	if cand.list {
		return "", bad("is a list, but one connection string is expected", "Write one connection string")
	}
	const depth = 5
	return expandURL(strings.TrimSpace(cand.text), l.lookup, depth)
}

// candidates lists every place that names a database, the strongest first.
func (l *loader) candidates() []candidate {
	var list []candidate
	add := func(e entry, ok bool) {
		if ok {
			list = append(list, candidate{entry: e})
		}
	}
	names := []string{"AETHER_DATABASE_URL", "DBOS_SYSTEM_DATABASE_URL", "DBOS_DATABASE_URL"}
	text := l.in.Flags["database-url"]
	add(entry{yamlValue: yamlValue{text: text}, source: "flag --database-url", base: l.in.Dir}, strings.TrimSpace(text) != "")
	for _, from := range []func(string) (entry, bool){l.fromEnv, l.fromDotenv} {
		for _, name := range names {
			add(from(name))
		}
		if e, ok := from("SUPABASE_URL"); ok {
			if cand, ok := l.supabase(e); ok {
				list = append(list, cand)
			}
		}
	}
	add(fromYAML(l.file, "database.url"))
	for _, f := range l.dbos {
		add(fromYAML(f, "system_database_url"))
		add(fromYAML(f, "database_url"))
		if cand, ok := l.legacyDBOS(f); ok {
			list = append(list, cand)
		}
	}
	return list
}

// supabase needs the password as well; the URL alone is there for Supabase's web API.
func (l *loader) supabase(e entry) (candidate, bool) {
	password, from, ok := l.variable("SUPABASE_DB_PASSWORD")
	if !ok {
		return candidate{}, false
	}
	pooler, poolerFrom, hasPooler := l.variable("SUPABASE_POOLER")
	url := e.text
	if !strings.HasPrefix(e.source, "environment") {
		e.source += " SUPABASE_URL"
	}
	e.source += " with SUPABASE_DB_PASSWORD of " + from
	if hasPooler {
		e.source += " and SUPABASE_POOLER of " + poolerFrom
	}
	return candidate{e, func() (string, error) { return SupabaseURL(url, password, pooler) }}, true
}

// isReference reports whether a text is ${NAME} and nothing more.
func isReference(text string) bool {
	refs, err := references(strings.TrimSpace(text))
	return err == nil && len(refs) == 1 && refs[0].end-refs[0].start == len(strings.TrimSpace(text))
}
