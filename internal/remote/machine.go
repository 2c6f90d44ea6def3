package remote

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var machineRE = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Machine returns the id of a data folder, which it makes on the first call: by
// it the orchestrator knows a robot again that was started anew.
func Machine(dir string) (string, error) {
	path := filepath.Join(dir, "robot-id")
	b, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(b)); err == nil && machineRE.MatchString(id) {
		return id, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the id of the data folder: %w", err)
	}
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("making an id for the data folder: %w", err)
	}
	id := hex.EncodeToString(raw)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	// Written whole or not at all.
	part := path + ".part"
	if err := errors.Join(os.WriteFile(part, []byte(id+"\n"), 0o600), os.Rename(part, path)); err != nil {
		return "", fmt.Errorf("keeping the id of the data folder: %w", err)
	}
	return id, nil
}
