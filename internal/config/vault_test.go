package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/config"
)

func TestVault(t *testing.T) {
	t.Parallel()
	c, _ := load(t, world{files: map[string]string{"aether.yaml": "vault:\n  address: https://vault.example.com:8200/\n  path: /team/aether/\n  version: 1\n  ca_file: certs/ca.pem\n"}})
	if v := c.Vault; v.Address != "https://vault.example.com:8200" || v.Mount != "secret" || v.Version != 1 || v.Path != "team/aether" || v.Namespace != "" || filepath.Base(v.CAFile) != "ca.pem" || !filepath.IsAbs(v.CAFile) {
		t.Errorf("got %+v", v)
	}
	if c, _ := load(t, world{}); c.Vault != (config.Vault{Mount: "secret", Version: 2}) {
		t.Errorf("by default: %+v", c.Vault)
	}
	for env, value := range map[string]string{
		"AETHER_VAULT_ADDRESS": "https://user:hunter2@vault.example.com", "AETHER_VAULT_MOUNT": "a/../b", "AETHER_VAULT_PATH": "a?b=hunter2", "AETHER_VAULT_VERSION": "3", "AETHER_VAULT_NAMESPACE": "a//b",
	} {
		_, _, err := config.Load(world{env: map[string]string{env: value}}.inputs(t))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", env, err)
		}
	}
	for _, address := range []string{"vault.example.com", "ftp://vault", "https://", "https://vault/v1/secret", "https://vault?x=1", "http://[::1"} {
		if _, _, err := config.Load(world{env: map[string]string{"AETHER_VAULT_ADDRESS": address}}.inputs(t)); err == nil || !strings.Contains(err.Error(), "vault.address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
