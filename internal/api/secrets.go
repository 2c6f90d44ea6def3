package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/orch"
	"github.com/aether-rpa/aether/internal/secret"
	"github.com/aether-rpa/aether/vault"
)

// SecretPath names a secret of the store.
type SecretPath struct {
	Name string `path:"name" maxLength:"128" doc:"Name of the secret, as flows write it."`
}

// SecretEntry is what may be known of a secret.
type SecretEntry struct {
	secret.Entry
	UsedBy []orch.SecretUse `json:"used_by" doc:"Flows that name it, in their draft or in production."`
}

// secretBody is larger than any value is, written in JSON.
const secretBody = 2 << 20

// needSafeLink refuses what must not travel in the clear.
func (s *Server) needSafeLink(l Link) error {
	if s.Secure || l.loopback {
		return nil
	}
	return &Problem{Kind: "denied", Message: "secrets travel over HTTPS only", Hint: "serve with --tls-cert and --tls-key, or through a proxy on the same machine", status: http.StatusForbidden}
}

// secrets registers what may be done with the store of secrets. No operation
// gives a value back.
func (s *Server) secrets(a huma.API) {
	handle(s, a, op{right: auth.ReadSecrets, method: http.MethodGet, path: "/secrets", id: "list-secrets", summary: "List the secrets of the store by name; their values are never shown", tag: "secrets"},
		func(ctx context.Context, _ *struct{}) (*page[SecretEntry], error) {
			have, err := s.Store.List(ctx)
			if err != nil {
				return nil, err
			}
			uses, err := s.Orch.SecretUses(ctx)
			list := make([]SecretEntry, len(have))
			for i, e := range have {
				list[i] = SecretEntry{e, append([]orch.SecretUse{}, uses[e.Name]...)}
			}
			return paged(list, len(list), func(SecretEntry) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteSecrets, method: http.MethodPut, path: "/secrets/{name}", id: "set-secret", summary: "Store a secret, or replace it", tag: "secrets", status: http.StatusNoContent, body: secretBody, errors: []int{http.StatusConflict}},
		func(ctx context.Context, in *struct {
			SecretPath
			Link
			Body struct {
				Value       string  `json:"value" doc:"The value, up to 256 KiB. It is encrypted, and no operation shows it." format:"password"`
				Description *string `json:"description,omitempty" maxLength:"1000" doc:"What it is for; it is not encrypted. Left out: it stays."`
			}
		}) (*struct{}, error) {
			if err := s.needSafeLink(in.Link); err != nil {
				return nil, err
			}
			_, err := s.Store.Set(ctx, in.Name, vault.New(in.Body.Value), in.Body.Description)
			if errors.Is(err, secret.ErrLocked) {
				err = &Problem{Kind: "conflict", Message: err.Error(), Hint: "`aether secret key` on the server's machine tells more", status: http.StatusConflict}
			}
			return nil, err
		})
	handle(s, a, op{right: auth.WriteSecrets, method: http.MethodDelete, path: "/secrets/{name}", id: "delete-secret", summary: "Take a secret away", tag: "secrets", status: http.StatusNoContent, errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *SecretPath) (*struct{}, error) {
			return nil, s.Store.Delete(ctx, in.Name)
		})
}
