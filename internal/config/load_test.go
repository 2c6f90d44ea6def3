package config_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/config"
)

// world is a project folder with files, and an environment.
type world struct {
	files map[string]string
	env   map[string]string
	flags map[string]string
}

func (w world) inputs(t *testing.T) config.Inputs {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, "project")
	for name, text := range w.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return config.Inputs{
		Flags: w.flags, Dir: dir, Home: home, TempDir: "/tmp", GOOS: "linux",
		Env: func(name string) (string, bool) { v, ok := w.env[name]; return v, ok },
	}
}

func load(t *testing.T, w world) (*config.Config, []config.Value) {
	t.Helper()
	c, values, err := config.Load(w.inputs(t))
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c, values
}

func source(values []config.Value, key string) string {
	i := slices.IndexFunc(values, func(v config.Value) bool { return v.Key == key })
	if i < 0 {
		return "not there"
	}
	return values[i].Source
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	in := world{}.inputs(t)
	c, values, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(in.Home, ".local", "share", "aether")
	if c.DataDir != data || c.Database.Kind != config.KindSQLite || c.Database.Path() != filepath.Join(data, "aether.db") {
		t.Errorf("got %+v", c)
	}
	if want := []string{in.Dir, filepath.Join(data, "work"), "/tmp"}; !slices.Equal(c.Files.Roots, want) {
		t.Errorf("Roots = %v, want %v", c.Files.Roots, want)
	}
	if c.Script.Memory != 256<<20 || c.Script.Timeout != 30*time.Second || c.Retention.Runs != 720*time.Hour ||
		c.Retention.MaxRuns != 10000 || c.Database.MaxConns != 10 || c.Database.Schema != "aether" || c.AppName != "aether" ||
		c.LogLevel != slog.LevelInfo || c.LogFormat != "text" || c.LocalMode || !c.HTTP.AllowPrivate || len(c.HTTP.Allow) != 0 {
		t.Errorf("got %+v", c)
	}
	if !slices.Contains(c.HTTP.Deny, "169.254.0.0/16") || !slices.Contains(c.HTTP.Deny, "fe80::/10") {
		t.Errorf("Deny = %v", c.HTTP.Deny)
	}
	if len(values) != len(config.Keys()) {
		t.Errorf("got %d values, want %d", len(values), len(config.Keys()))
	}
	for _, v := range values {
		if v.Source != "default" {
			t.Errorf("%s: Source = %q", v.Key, v.Source)
		}
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	w := world{
		files: map[string]string{
			".env":             "# local\n\nAETHER_LOG_LEVEL=warn\nDBOS_LOG_LEVEL=error\n",
			"aether.yaml":      "app_name: from-yaml\n\nlog_level: error\n",
			"dbos-config.yaml": "language: go\nname: from-dbos\n",
		},
		env:   map[string]string{},
		flags: map[string]string{},
	}
	steps := []struct {
		change func()
		level  string
		source string
	}{
		{func() {}, "WARN", ".env line 3"},
		{func() { w.files[".env"] = "DBOS_LOG_LEVEL=DEBUG" }, "DEBUG", ".env line 1"},
		{func() { w.env["DBOS_LOG_LEVEL"] = "INFO" }, "INFO", "environment DBOS_LOG_LEVEL"},
		{func() { w.env["AETHER_LOG_LEVEL"] = "warning" }, "WARN", "environment AETHER_LOG_LEVEL"},
		{func() { w.flags["log-level"] = "debug" }, "DEBUG", "flag --log-level"},
		{func() {
			w.flags["log-level"], w.env["AETHER_LOG_LEVEL"], w.env["DBOS_LOG_LEVEL"], w.files[".env"] = "", "", "", ""
		}, "ERROR", "aether.yaml line 3"},
		{func() { w.files["aether.yaml"] = "app_name:\nlog_level: ''\n" }, "INFO", "default"},
	}
	for _, s := range steps {
		s.change()
		c, values := load(t, w)
		if got := source(values, "log_level"); c.LogLevel.String() != s.level || got != s.source {
			t.Errorf("got %s from %s, want %s from %s", c.LogLevel, got, s.level, s.source)
		}
	}
	c, values := load(t, w) // the empty app_name of aether.yaml is an unset one
	if c.AppName != "from-dbos" || source(values, "app_name") != "dbos-config.yaml line 2" || source(values, "dbos.language") != "dbos-config.yaml line 1" {
		t.Errorf("got %s from %s", c.AppName, source(values, "app_name"))
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	c, values := load(t, world{files: map[string]string{"aether.yaml": "\ufeff# comment\r\ndata_dir: ../data\r\n" +
		"files:\r\n  roots: [., ~/inbox, /]\r\nhttp:\r\n  allow: ['*.Example.com', 10.1.2.3/8, 169.254.169.254]\r\n  deny:\r\n    - evil.com\r\n" +
		"  allow_private: no\r\nscript: {memory: 1GiB, timeout: 2m}\r\nretention:\r\n  runs: 2w\r\n  max_runs: 0\r\ndatabase:\r\n  max_conns: 7\r\n  url: sqlite:x/y.db\r\n"}})
	if filepath.Base(c.DataDir) != "data" || c.Script.Memory != 1<<30 || c.Script.Timeout != 2*time.Minute || c.HTTP.AllowPrivate ||
		c.Retention.Runs != 14*24*time.Hour || c.Retention.MaxRuns != 0 || c.Database.MaxConns != 7 || !strings.HasSuffix(c.Database.Path(), "/project/x/y.db") {
		t.Errorf("got %+v", c)
	}
	if len(c.Files.Roots) != 3 || filepath.Base(c.Files.Roots[0]) != "project" || filepath.Base(c.Files.Roots[1]) != "inbox" || c.Files.Roots[2] != "/" {
		t.Errorf("Roots = %v", c.Files.Roots)
	}
	if want := []string{"*.example.com", "10.0.0.0/8", "169.254.169.254"}; !slices.Equal(c.HTTP.Allow, want) {
		t.Errorf("Allow = %v, want %v", c.HTTP.Allow, want)
	}
	if slices.Contains(c.HTTP.Deny, "169.254.0.0/16") || !slices.Contains(c.HTTP.Deny, "fe80::/10") || c.HTTP.Deny[0] != "evil.com" {
		t.Errorf("Deny = %v", c.HTTP.Deny)
	}
	for key, want := range map[string]string{"http.deny": "aether.yaml line 7", "script.timeout": "aether.yaml line 10", "database.url": "aether.yaml line 16"} {
		if got := source(values, key); got != want {
			t.Errorf("%s: Source = %q, want %q", key, got, want)
		}
	}
	c, _ = load(t, world{env: map[string]string{"AETHER_FILES_ROOTS": "/a, /b", "AETHER_SCRIPT_MEMORY": "512 MB", "AETHER_HTTP_DENY": "a.com,b.com"}})
	if !slices.Equal(c.Files.Roots, []string{"/a", "/b"}) || c.Script.Memory != 512e6 || c.HTTP.Deny[1] != "b.com" {
		t.Errorf("got %+v", c)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		goos, home string
		env        map[string]string
		want       string
	}{
		{"linux", "/home/a", nil, "/home/a/.local/share/aether"},
		{"linux", "/home/a", map[string]string{"XDG_DATA_HOME": "/x"}, "/x/aether"},
		{"linux", "/home/a", map[string]string{"XDG_DATA_HOME": "relative"}, "/home/a/.local/share/aether"},
		{"darwin", "/Users/a", nil, "/Users/a/Library/Application Support/aether"},
		{"windows", "/U/a", map[string]string{"LOCALAPPDATA": "/L"}, "/L/aether"},
		{"windows", "/U/a", map[string]string{"LocalAppData": "/L"}, "/L/aether"},
		{"windows", "/U/a", nil, "/U/a/AppData/Local/aether"},
		{"linux", "", nil, ""},
	} {
		in := world{env: tt.env}.inputs(t)
		in.GOOS, in.Home = tt.goos, tt.home
		c, _, err := config.Load(in)
		if tt.want == "" {
			if err == nil || !strings.Contains(err.Error(), "AETHER_DATA_DIR") {
				t.Errorf("no home: err = %v", err)
			}
			continue
		}
		if err != nil || filepath.ToSlash(c.DataDir) != tt.want {
			t.Errorf("%s: DataDir = %v (%v), want %s", tt.goos, c, err, tt.want)
		}
	}
}

func TestWhereFilesAre(t *testing.T) {
	t.Parallel()
	w := world{files: map[string]string{
		"aether.yaml": "app_name: top-level\ndata_dir: d\n", ".env": "AETHER_LOG_LEVEL=debug\n", "sub/deep/x": "", "other/conf.yaml": "app_name: other\n",
	}}
	in := w.inputs(t)
	top := in.Dir
	in.Dir = filepath.Join(top, "sub", "deep")
	c, values, err := config.Load(in)
	if err != nil || c.AppName != "top-level" || c.LogLevel != slog.LevelDebug || c.DataDir != filepath.Join(top, "d") {
		t.Fatalf("from a subfolder: %+v, %v", c, err)
	}
	if want := filepath.Join(top, "aether.yaml") + " line 1"; source(values, "app_name") != want {
		t.Errorf("Source = %q, want %q", source(values, "app_name"), want)
	}
	in.File = "../../other/conf.yaml"
	if c, _, err = config.Load(in); err != nil || c.AppName != "other" || c.LogLevel != slog.LevelInfo {
		t.Errorf("with --config: %+v, %v", c, err)
	}
	in.File, in.Home = "", "/nowhere"
	if c, _, err = config.Load(in); err != nil || c.AppName != "aether" {
		t.Errorf("outside home a parent's file applies: %+v, %v", c, err)
	}
	in.File = "missing.yaml"
	if _, _, err = config.Load(in); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("missing --config: %v", err)
	}
}
