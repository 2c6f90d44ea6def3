package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aether-rpa/aether/vault"
)

// Person asks an orchestrator for somebody at a command line. It is safe for concurrent use.
type Person struct{ c *Client }

// NewPerson returns who asks the orchestrator at an address with a token of a role for people. CA is that of NewClient.
func NewPerson(server string, token vault.Secret, ca []byte) (*Person, error) {
	c, err := newClient(server, token, ca)
	if err != nil {
		return nil, err
	}
	if token.Empty() {
		return nil, fmt.Errorf("%w: there is no token: make one with `aether server token create NAME --role developer` on the orchestrator, and give it with --token-file or AETHER_TOKEN", ErrInput)
	}
	return &Person{c}, nil
}

type matchKey struct{}

// Matching returns a context for a request that wants a thing to have a version; 0 takes any.
func Matching(ctx context.Context, version int64) context.Context {
	return context.WithValue(ctx, matchKey{}, version)
}

// Call sends JSON to a path below the API's prefix and reads JSON, once.
func (p *Person) Call(ctx context.Context, method, path string, in, out any) error {
	return p.c.call(ctx, method, path, in, out)
}

// Open reads a file of the API. The caller closes it.
func (p *Person) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	res, err := p.c.send(ctx, http.MethodGet, path, nil, "")
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// IsRefused reports whether the orchestrator heard what an error is about, and said no.
func IsRefused(err error) bool { return refusal(err) != nil }
