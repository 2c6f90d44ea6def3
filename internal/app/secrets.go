package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/config"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/vault/hashicorp"
)

// SecretKeys says where the keys of the secret store are. A SQLite database is
// this machine's own, and so is the key file beside it; one on a server is
// shared, and a key that each machine made by itself would lock out the others.
func SecretKeys(o Options) secret.Keys {
	return secret.Keys{Lookup: o.Lookup, File: o.Config.KeyFile(), Own: o.Config.Database.Kind == config.KindSQLite}
}

// vault returns what secrets are read from: the environment, the store, and a
// HashiCorp Vault if one is configured.
func (s *System) vault(ctx context.Context) (vault.Reader, error) {
	chain := vault.Chain{{Name: "env", Reader: vault.Env{Lookup: s.Lookup}}, {Name: "store", Reader: s.Secrets}}
	v, err := Vault(s.Options)
	s.shared = chain[1:]
	if err != nil || v == nil {
		return chain, err
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	var renewal sync.WaitGroup
	renewal.Go(func() { v.Keep(ctx, s.Log) })
	s.keepVault = func() {
		end()
		renewal.Wait()
	}
	chain = append(chain, vault.Source{Name: "vault", Reader: v})
	s.shared = chain[1:]
	return chain, nil
}

// Vault returns a client of the HashiCorp Vault in the configuration, nil if
// there is none.
func Vault(o Options) (*hashicorp.Client, error) {
	c := o.Config.Vault
	if c.Address == "" {
		return nil, nil
	}
	env := func(name string) string {
		v, _ := o.Lookup(name)
		return v
	}
	client, err := vaultHTTP(c)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSetting, err)
	}
	return hashicorp.New(hashicorp.Config{
		Address: c.Address, Namespace: c.Namespace, Mount: c.Mount, Path: c.Path, Version: c.Version,
		Token: vault.New(env("VAULT_TOKEN")), RoleID: env("VAULT_ROLE_ID"), SecretID: vault.New(env("VAULT_SECRET_ID")),
		HTTP: client, Now: time.Now,
	}), nil
}

// vaultHTTP returns a client that reaches Vault and nothing else. What flows may
// reach is another matter: Vault need not be open to them.
func vaultHTTP(c config.Vault) (*http.Client, error) {
	u, err := url.Parse(c.Address)
	if err != nil {
		return nil, fmt.Errorf("vault.address: %w", err)
	}
	client := egress.Client(egress.Policy{Allow: []string{u.Hostname()}, AllowPrivate: true, MaxRedirects: -1})
	client.Timeout = 20 * time.Second
	if c.CAFile == "" {
		return client, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading vault.ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("vault.ca_file (%s) holds no certificate in PEM", c.CAFile)
	}
	if t, ok := client.Transport.(*egress.Transport); ok {
		client.Transport = t.WithTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	}
	return client, nil
}

// CheckSecrets looks whether the secret store opens, for a process that has
// opened nothing else. Tables that are not up to date are left as they are.
func CheckSecrets(ctx context.Context, o Options, rep config.Report) (secret.Status, error) {
	if rep.Aether.Version != int64(db.SchemaVersion()) {
		return secret.Status{}, nil
	}
	d, err := db.Open(ctx, o.Config.Database.URL.Reveal(), db.Options{Schema: o.Config.Database.Schema, MaxConns: 2})
	if err != nil {
		return secret.Status{}, err
	}
	defer d.Close()
	return secret.New(d, SecretKeys(o)).Check(ctx)
}
