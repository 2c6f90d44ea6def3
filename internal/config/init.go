package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Init writes a new aether.yaml with every key in a comment: what it does and its default. There is
// no secret in it, only ${DB_PASSWORD}. It is written whole or not at all, and replaces an existing
// file only with force.
func Init(path string, force bool) error {
	switch info, err := os.Lstat(path); {
	case err == nil && info.IsDir():
		return fmt.Errorf("writing %s: it is a folder; name a file in it, such as %s", path, filepath.Join(path, "aether.yaml"))
	case err == nil && !force:
		return exists(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("writing %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".aether.yaml-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w; the folder must exist and be writable", path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(template())
	// The file is meant to be shared and checked in; CreateTemp made it private.
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if !force {
		// A link fails if somebody made the file meanwhile; where links are unknown, rename must do.
		err := os.Link(tmp.Name(), path)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return exists(path)
		}
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func exists(path string) error {
	return fmt.Errorf("writing %s: %w; use --force to replace it", path, fs.ErrExist)
}

// template returns the text of a new aether.yaml.
func template() string {
	var b strings.Builder
	b.WriteString(`# Configuration of Aether. Every line is optional; what is commented out shows the default or an example.
# Order: flags, environment, .env, this file, dbos-config.yaml, defaults. ` + "`aether config show`" + ` tells what applies.
# Keep passwords out of this file: write ${DB_PASSWORD} here and set DB_PASSWORD in the environment or in .env.
# All keys: docs/configuration.md
`)
	open := ""
	for _, k := range Keys() {
		section, name, nested := strings.Cut(k.Name, ".")
		indent := "  "
		if !nested {
			section, name, indent = "", k.Name, ""
		}
		b.WriteString("\n")
		if nested && section != open {
			b.WriteString(section + ":\n")
		}
		open = section
		b.WriteString(indent + "# " + k.Doc + "\n")
		b.WriteString(indent + "# Default: " + orNone(k.Default) + ". Variable: " + k.Env + ".\n")
		value := k.Example
		if value == "" {
			value = k.Default
		}
		b.WriteString(indent + "# " + name + ": " + value + "\n")
	}
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
