package config_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/internal/config"
)

// outputs returns all that a Config, its values and an error can be seen by.
func outputs(t *testing.T, c *config.Config, values []config.Value, err error) string {
	t.Helper()
	var b bytes.Buffer
	_, _ = fmt.Fprintln(&b, values, err)
	if err != nil {
		_, _ = fmt.Fprintf(&b, "%+v %#v\n", err, err)
	}
	if c == nil {
		return b.String()
	}
	for _, v := range []any{c, *c, c.Database, c.Database.URL, &c.Database, map[string]any{"c": c.Database}} {
		_, _ = fmt.Fprintf(&b, "%v %+v %#v %s %q %d %x\n", v, v, v, v, v, v, v)
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(out)
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			slog.New(h).Info("m", "v", v)
		}
	}
	return b.String()
}

// TestNoSecretShows plants a password in every place where one can be, right and wrong.
func TestNoSecretShows(t *testing.T) {
	t.Parallel()
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		plant := "Zq" + rapid.StringMatching(`[A-Za-z0-9]{6,12}`).Draw(t, "plant") + "qZ"
		odd := rapid.SampledFrom([]string{"", "@", ":", "/", "%", "#", "?", "&", "=", " ", "'", `"`, "\\", "${", "%40", "://", "\t", ",", "["}).Draw(t, "odd")
		password := rapid.SampledFrom([]string{plant + odd, odd + plant, plant + odd + plant, "12" + odd + plant}).Draw(t, "password")
		text := fmt.Sprintf(rapid.SampledFrom([]string{
			"postgres://u:%s@h/d", "postgres://u:%s@h:5432/d?sslmode=require", "postgres://u@h/d?password=%s", "postgres://u@h/d?pasword=%s",
			"host=h user=u password=%s", "host=h pasword='%s'", "postgres:/u:%s@h", "mysql://u:%s@h/d", "postgres://u:%s@h:x/d", "u:%s@h/d",
			"${DB_PASSWORD}", "postgres://u:${DB_PASSWORD}@h/d", "host=h password='${DB_PASSWORD}'",
		}).Draw(t, "text"), password)
		text, _, _ = strings.Cut(text, "%!(EXTRA")
		w := world{env: map[string]string{"DB_PASSWORD": password}, files: map[string]string{}, flags: map[string]string{}}
		if rapid.Bool().Draw(t, "local") {
			w.env["DBOS_LOCAL_MODE"] = "true"
		}
		switch rapid.IntRange(0, 8).Draw(t, "place") {
		case 0:
			w.env["AETHER_DATABASE_URL"] = text
		case 1:
			w.flags["database-url"] = text
		case 2:
			w.files[".env"] = "DBOS_DATABASE_URL=" + text + "\nSUPABASE_DB_PASSWORD='" + password + "\n"
		case 3:
			w.files["aether.yaml"] = "database:\n  url: " + text + "\n"
		case 4:
			w.files["aether.yaml"] = "database: \"" + text + "\n" + text + "\n"
		case 5:
			w.files["aether.yaml"] = "log_level: ${DB_PASSWORD}\napp_name: ${DB_PASSWORD}\nfiles: {roots: ['${DB_PASSWORD}']}\ndata_dir: ${DB_PASSWORD}\nhttp: {allow: ['${DB_PASSWORD}']}\n"
		case 6:
			w.files["dbos-config.yaml"] = "name: abc\ndatabase:\n  hostname: h\n  password: " + password + "\n  port: ${DB_PASSWORD}\n"
		case 7:
			w.env["SUPABASE_URL"], w.env["SUPABASE_DB_PASSWORD"] = "https://abcdefgh.supabase.co", password
			w.env["SUPABASE_POOLER"] = rapid.SampledFrom([]string{"", text, "a.pooler.supabase.com"}).Draw(t, "pooler")
		case 8:
			w.files[".env"] = text + "\nB=\"" + password + "\n" + text
			w.files["aether.yaml"] = text + ":\n\t" + text
			w.env["AETHER_LOG_LEVEL"] = text
		}
		c, values, err := config.Load(w.inputs(outer))
		out := outputs(outer, c, values, err)
		if strings.Contains(strings.ToLower(out), strings.ToLower(plant)) || strings.Contains(out, fmt.Sprintf("%x", plant)) {
			t.Fatalf("%q shows: %s", plant, out)
		}
		if c == nil {
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // no connection: only what Check says of it
		report, err := config.Check(ctx, c)
		if out := fmt.Sprint(report, report.Lines(), err); strings.Contains(out, plant) {
			t.Fatalf("%q shows: %s", plant, out)
		}
	})
}

func TestSecretMasks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                      "",
		"postgres://u:pw@h:1/d?sslmode=require": "postgres://u:***@h:1/d?sslmode=require",
		"postgres://u@h/d":                      "postgres://u@h/d",
		"postgresql+psycopg://u:pw@h/d":         "postgresql://u:***@h/d",
		"postgres://h/d?password=pw&x=y":        "postgres://h/d?password=***&***",
		"host=h password='a b' user=u":          "host=h password=*** user=u",
		"postgres://u:p@w@h/d":                  "***",
		"sqlite:/a/b.db":                        "sqlite:/a/b.db",
		"pw":                                    "***",
	} {
		if got := config.Secret(in).String(); got != want {
			t.Errorf("String(%q) = %q, want %q", in, got, want)
		}
	}
}
