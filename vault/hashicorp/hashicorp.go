// Package hashicorp reads secrets from HashiCorp Vault: from its key-value
// engine, version 1 or 2, with a token or an AppRole. It needs two calls of
// Vault's API and one more to keep a token alive, so it makes them itself.
package hashicorp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/vault"
)

// DefaultField is the field that a reference without #FIELD reads.
const DefaultField = "value"

// cacheFor is how long what was read is kept: a loop must not ask Vault in every
// turn, and a new password should soon be seen.
const cacheFor = 30 * time.Second

// Config says which Vault to read, and as whom. Either Token or RoleID and
// SecretID are needed.
type Config struct {
	Address   string // https://vault.example.com:8200
	Namespace string // of Vault Enterprise; usually empty
	Mount     string // where the key-value engine is
	Path      string // folder that all references are below; may be empty
	Version   int    // of the key-value engine: 1 or 2
	Token     vault.Secret
	RoleID    string
	SecretID  vault.Secret
	RoleMount string // where AppRole is; default approle
	HTTP      *http.Client
	Now       func() time.Time
}

// Client reads secrets. It is safe for concurrent use and implements
// vault.Reader.
type Client struct {
	c    Config
	used chan struct{} // closed when the token was used for the first time
	once sync.Once

	mu     sync.Mutex
	token  string    // of the AppRole
	until  time.Time // when to log in again; zero for never
	recent map[string]answer
}

type answer struct {
	fields map[string]any
	until  time.Time
}

// New returns a client. It makes no request.
func New(c Config) *Client {
	if c.RoleMount == "" {
		c.RoleMount = "approle"
	}
	c.Address = strings.TrimRight(c.Address, "/")
	return &Client{c: c, used: make(chan struct{}), recent: map[string]answer{}}
}

// Get implements vault.Reader. A reference is PATH or PATH#FIELD, below
// Config.Path.
func (c *Client) Get(ctx context.Context, ref string) (vault.Secret, error) {
	path, field, ok := strings.Cut(ref, "#")
	if !ok {
		field = DefaultField
	}
	where, err := c.where(path)
	if err != nil {
		return vault.Secret{}, fmt.Errorf("%w: %w", vault.ErrNotFound, err)
	}
	fields, err := c.read(ctx, where)
	if err != nil {
		return vault.Secret{}, err
	}
	v, ok := fields[field]
	if !ok || v == nil {
		return vault.Secret{}, fmt.Errorf("%w: %s in Vault has no field %q; name one with PATH#FIELD", vault.ErrNotFound, where, field)
	}
	text, err := asText(v)
	if err != nil {
		return vault.Secret{}, fmt.Errorf("the field %q of %s in Vault: %w", field, where, err)
	}
	return vault.New(text), nil
}

// where returns the path in the mount that a reference means.
func (c *Client) where(path string) (string, error) {
	all := strings.Trim(path, "/")
	for _, part := range strings.Split(all, "/") {
		// What does not lead downwards could lead out of the folder.
		if part == "" || part == "." || part == ".." {
			return "", errors.New("in Vault a secret is named PATH or PATH#FIELD, with slashes between the parts of the path")
		}
	}
	if folder := strings.Trim(c.c.Path, "/"); folder != "" {
		all = folder + "/" + all
	}
	return c.c.Mount + "/" + all, nil
}

// read returns the fields at a path.
func (c *Client) read(ctx context.Context, where string) (map[string]any, error) {
	c.mu.Lock()
	got, ok := c.recent[where]
	c.mu.Unlock()
	if ok && c.c.Now().Before(got.until) {
		return got.fields, nil
	}
	path := strings.TrimPrefix(where, c.c.Mount+"/")
	if c.c.Version == 2 {
		path = "data/" + path
	}
	var body struct {
		Data map[string]any `json:"data"`
	}
	err := c.authorised(ctx, http.MethodGet, c.c.Mount+"/"+path, nil, &body)
	var e *apiError
	switch {
	case errors.As(err, &e) && e.status == http.StatusNotFound && e.text == "":
		return nil, fmt.Errorf("%w: put it into Vault as %s (field %s)", vault.ErrNotFound, where, DefaultField)
	case errors.As(err, &e) && e.status == http.StatusForbidden:
		return nil, fmt.Errorf("the Vault does not let this token read %s: it has expired, or its policies do not have `read` on %s", where, c.c.Mount+"/"+path)
	case errors.As(err, &e) && e.status == http.StatusNotFound:
		// With a reason it is the engine that is not there, or not as we think.
		return nil, fmt.Errorf("reading %s from Vault: %w (check vault.mount and vault.version)", where, err)
	case err != nil:
		return nil, fmt.Errorf("reading %s from Vault: %w", where, err)
	}
	fields := body.Data
	if c.c.Version == 2 {
		// The fields are one level down, beside the metadata.
		inner, ok := body.Data["data"].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("reading %s from Vault: the answer is not one of the key-value engine version 2; if it is version 1, set vault.version to 1", where)
		}
		fields = inner
	}
	c.mu.Lock()
	c.recent[where] = answer{fields, c.c.Now().Add(cacheFor)}
	c.mu.Unlock()
	return fields, nil
}

// Keep renews the token from the first time that it is used until ctx ends. It
// returns at once if there is nothing to renew: an AppRole logs in again.
func (c *Client) Keep(ctx context.Context, log *slog.Logger) {
	if c.c.Token.Empty() {
		return
	}
	select {
	case <-c.used:
	case <-ctx.Done():
		return
	}
	left, renewable, err := c.lease(ctx)
	for {
		wait := left * 2 / 3
		switch {
		case ctx.Err() != nil, err == nil && (!renewable || left <= 0):
			return
		case err != nil:
			log.Warn("renewing the token for Vault", "err", err)
			wait = 30 * time.Second
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		left, renewable, err = c.renew(ctx)
	}
}

// Check tells in a few words whether Vault can be read.
func (c *Client) Check(ctx context.Context) (string, error) {
	if err := c.health(ctx); err != nil {
		return "", err
	}
	left, _, err := c.lease(ctx)
	var e *apiError
	switch {
	case errors.As(err, &e) && e.status == http.StatusForbidden:
		return "", fmt.Errorf("the Vault at %s does not accept the token: %w", c.c.Address, err)
	case err != nil:
		return "", err
	case left > 0:
		return fmt.Sprintf("the Vault at %s accepts the token, which is good for %s", c.c.Address, left), nil
	}
	return fmt.Sprintf("the Vault at %s accepts the token", c.c.Address), nil
}
