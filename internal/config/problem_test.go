package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/config"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	yaml := func(text string) world { return world{files: map[string]string{"aether.yaml": text}} }
	env := func(name, value string) world { return world{env: map[string]string{name: value}} }
	for _, tt := range []struct {
		name string
		w    world
		want []string // parts of the error
	}{
		{"level", env("DBOS_LOG_LEVEL", "loud"), []string{"environment DBOS_LOG_LEVEL: log_level is \"loud\"", "Write debug, info, warn or error"}},
		{"flag", world{flags: map[string]string{"log-format": "xml"}}, []string{"flag --log-format: log_format", "text or json"}},
		{"unknown flag", world{flags: map[string]string{"colour": "red"}}, []string{"flag --colour"}},
		{"size", yaml("\nscript:\n  memory: lots\n"), []string{"aether.yaml line 3: script.memory", "256MiB"}},
		{"size overflow", yaml("script:\n  memory: 9999999999GiB\n"), []string{"script.memory"}},
		{"duration", yaml("retention: {runs: 5 weeks}\n"), []string{"aether.yaml line 1: retention.runs", "30d"}},
		{"negative", yaml("script: {timeout: -1s}\n"), []string{"script.timeout"}},
		{"host", yaml("http:\n  deny: ['https://x.com/']\n"), []string{"http.deny", "without scheme"}},
		{"app name", env("DBOS_APP_NAME", "My App"), []string{"environment DBOS_APP_NAME: app_name", "3 to 256"}},
		{"schema", env("AETHER_DATABASE_SCHEMA", "dbos"), []string{"database.schema", "belongs to others"}},
		{"list for scalar", yaml("app_name: [a, b]\n"), []string{"app_name is a list"}},
		{"unknown key", yaml("log_level: info\ndatabase:\n  urll: x\n"), []string{"aether.yaml line 3", "database.urll", "Did you mean database.url?"}},
		{"key without section", yaml("max_conns: 3\n"), []string{"line 1", "Did you mean database.max_conns?", "section database"}},
		{"camel case", yaml("logLevel: info\n"), []string{"Did you mean log_level?"}},
		{"wrong section", yaml("databse:\n  url: x\n  schema: y\n"), []string{"unknown key databse.", "Did you mean database?"}},
		{"hopeless key", yaml("zzzzqqqq: 1\n"), []string{"unknown key zzzzqqqq", "docs/configuration.md"}},
		{"section with value", yaml("database: sqlite:x\n"), []string{"line 1: database is a section"}},
		{"value with section", yaml("log_level:\n  a: b\n"), []string{"line 1: log_level is a section, but a value"}},
		{"twice", yaml("app_name: abc\napp_name: def\n"), []string{"line 2", "has set"}},
		{"tab", yaml("database:\n\turl: sqlite:x\n"), []string{"aether.yaml line 2", "tab", "Use spaces"}},
		{"syntax", yaml("app_name: \"abc\nlog_level: info\n"), []string{"aether.yaml line", "is not YAML"}},
		{"no mapping", yaml("- a\n- b\n"), []string{"aether.yaml line 1", "key: value"}},
		{"two documents", yaml("app_name: abc\n---\nlog_level: info\n"), []string{"second document"}},
		{"alias", yaml("app_name: *x\n"), []string{"aether.yaml"}},
		{"unset reference", yaml("app_name: ${NO_SUCH}\n"), []string{"line 1: app_name refers to ${NO_SUCH}, which is not set", "Set NO_SUCH"}},
		{"bad reference", yaml("app_name: ${NO SUCH}\n"), []string{"$${"}},
		{"two files", world{files: map[string]string{"aether.yaml": "", "aether.yml": ""}}, []string{"aether.yml", "only one can apply"}},
		{"env line", world{files: map[string]string{".env": "A=1\nnonsense\n"}}, []string{".env line 2", "NAME=value"}},
		{"env quote", world{files: map[string]string{".env": "A='1\nB=2\n"}}, []string{".env line 1", "closing quote"}},
		{"utf-16", yaml("\xff\xfea\x00"), []string{"UTF-16"}},
		{"latin-1", yaml("app_name: abc\n# caf\xe9\n"), []string{"line 2", "UTF-8"}},
		{"pg folder", env("AETHER_DATABASE_URL", "sqlite:."), []string{"names a folder"}},
		{"no scheme", env("AETHER_DATABASE_URL", "localhost"), []string{"not a connection string"}},
		{"mysql", env("DBOS_DATABASE_URL", "mysql://h/d"), []string{"environment DBOS_DATABASE_URL: database.url", "postgresql://"}},
		{"bad port", env("AETHER_DATABASE_URL", "postgres://u@h:x/d"), []string{"port"}},
		{"bad sslmode", env("AETHER_DATABASE_URL", "postgres://u@h/d?sslmode=on"), []string{"sslmode"}},
		{"supabase", world{env: map[string]string{"SUPABASE_URL": "http://localhost:54321", "SUPABASE_DB_PASSWORD": "x"}}, []string{"environment SUPABASE_URL", "https://REF.supabase.co"}},
		{"dbos placeholder", world{files: map[string]string{"dbos-config.yaml": "name: abc\nlanguage: go\ndatabase_url: ${DBOS_SYSTEM_DATABASE_URL}\n"}},
			[]string{"dbos-config.yaml line 3: database.url refers to ${DBOS_SYSTEM_DATABASE_URL}", "Set DBOS_SYSTEM_DATABASE_URL"}},
		{"all at once", world{env: map[string]string{"AETHER_LOG_LEVEL": "x", "AETHER_LOCAL_MODE": "y"}, files: map[string]string{"aether.yaml": "zzzzqqqq: 1\n"}},
			[]string{"AETHER_LOG_LEVEL", "AETHER_LOCAL_MODE", "zzzzqqqq"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, _, err := config.Load(tt.w.inputs(t))
			if _, ok := errors.AsType[*config.Error](err); !ok || c != nil {
				t.Fatalf("got %v, %v, want an *Error", c, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want it to have %q", err, part)
				}
			}
		})
	}
}

func TestFolderAndUnreadable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aether.yaml", ".env", "dbos.yaml"} {
		in := world{}.inputs(t)
		path := filepath.Join(in.Dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, _, err := config.Load(in); err == nil || !strings.Contains(err.Error(), name+": is a folder") {
			t.Errorf("%s as a folder: %v", name, err)
		}
		in = world{}.inputs(t)
		// A link to itself cannot be read, even by root.
		if err := os.Symlink(name, filepath.Join(in.Dir, name)); err != nil {
			t.Skip(err)
		}
		if _, _, err := config.Load(in); err == nil || !strings.Contains(err.Error(), name+": cannot be read") {
			t.Errorf("%s unreadable: %v", name, err)
		}
	}
	in := world{files: map[string]string{"data": "x"}, env: map[string]string{"AETHER_DATA_DIR": "data"}}.inputs(t)
	if _, _, err := config.Load(in); err == nil || !strings.Contains(err.Error(), "which is a file") {
		t.Errorf("data folder is a file: %v", err)
	}
	in = world{files: map[string]string{"aether.yaml": "app_name: abc"}}.inputs(t)
	if os.Geteuid() == 0 {
		return
	}
	if err := os.Chmod(filepath.Join(in.Dir, "aether.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := config.Load(in); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("mode 0: %v", err)
	}
}
