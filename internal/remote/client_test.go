package remote_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/internal/remote"
	"github.com/aether-rpa/aether/vault"
)

func TestNewClient(t *testing.T) {
	for _, tt := range []struct {
		server, token, ca string
		ok                bool
	}{
		{server: "https://orchestrator.example:8420", token: "t", ok: true},
		{server: "https://orchestrator.example/", token: "t", ok: true},
		{server: "http://127.0.0.1:8420", token: "t", ok: true},
		{server: "http://localhost:8420", token: "t", ok: true},
		{server: "http://[::1]:8420", token: "t", ok: true},
		{server: "http://10.0.0.1:8420", token: "t"},
		{server: "http://localhost.example", token: "t"},
		{server: "https://user:password@host", token: "t"},
		{server: "orchestrator.example:8420", token: "t"},
		{server: "ftp://host", token: "t"},
		{server: "https://", token: "t"},
		{server: "https://host"},
		{server: "https://host", token: "t", ca: "nonsense"},
	} {
		var ca []byte
		if tt.ca != "" {
			ca = []byte(tt.ca)
		}
		_, err := remote.NewClient(tt.server, vault.New(tt.token), "m", ca)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, remote.ErrInput) {
			t.Errorf("%s: %v", tt.server, err)
		}
	}
}

func TestMachine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := remote.Machine(dir)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := remote.Machine(dir); err != nil || again != first {
		t.Errorf("got %q, %v, want %q", again, err, first)
	}
	// A damaged one is made anew.
	if err := os.WriteFile(filepath.Join(dir, "robot-id"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := remote.Machine(dir); err != nil || other == first || len(other) != 32 {
		t.Errorf("got %q, %v", other, err)
	}
}
