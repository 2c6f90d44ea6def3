package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/config"
)

func TestInit(t *testing.T) {
	t.Parallel()
	in := world{}.inputs(t)
	path := filepath.Join(in.Dir, "aether.yaml")
	if err := config.Init(path, false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "${DB_PASSWORD}") {
		t.Error("no ${DB_PASSWORD} in it")
	}
	c, values, err := config.Load(in)
	if err != nil {
		t.Fatalf("Load of a new file: %v", err)
	}
	if c.AppName != "aether" || source(values, "app_name") != "default" {
		t.Errorf("a new file changes something: %v", values)
	}
	if err := config.Init(path, false); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "--force") {
		t.Errorf("second Init: %v", err)
	}
	// Every line in a comment is right when the # goes.
	open := regexp.MustCompile(`(?m)^( *)# ([a-z_]+: )`).ReplaceAllString(string(text), "$1$2")
	if err := os.WriteFile(path, []byte(open), 0o644); err != nil {
		t.Fatal(err)
	}
	in.Env = only("DB_PASSWORD", "x")
	c, values, err = config.Load(in)
	if err != nil || c.Database.Kind != config.KindPostgres {
		t.Fatalf("Load of the opened file: %v, %v", c, err)
	}
	for _, v := range values {
		if !strings.HasPrefix(v.Source, "aether.yaml line") && v.Key != "http.allow" {
			t.Errorf("%s is from %s", v.Key, v.Source)
		}
	}
	if err := config.Init(path, true); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(path); string(again) != string(text) {
		t.Error("Init with force did not replace the file")
	}
	if err := config.Init(in.Dir, true); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("Init of a folder: %v", err)
	}
	if err := config.Init(filepath.Join(in.Dir, "no", "aether.yaml"), false); err == nil {
		t.Error("Init in a missing folder did not fail")
	}
	if entries, _ := os.ReadDir(in.Dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
