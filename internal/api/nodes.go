package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/reference"
)

type catalogIn struct {
	NoneMatch string `header:"If-None-Match" doc:"The ETag of an answer that is at hand."`
}

type catalogOut struct {
	Status int
	ETag   string `header:"ETag"`
	Cache  string `header:"Cache-Control"`
	Body   *reference.Catalog
}

// nodes tells what flows can be made of.
func (s *Server) nodes(a huma.API) {
	type known struct {
		catalog *reference.Catalog
		tag     string
		err     error
	}
	made := sync.OnceValue(func() (k known) {
		if k.catalog, k.err = reference.NewCatalog(s.Orch.Nodes); k.err != nil {
			return k
		}
		b, err := json.Marshal(k.catalog)
		sum := sha256.Sum256(b)
		k.tag, k.err = `"`+hex.EncodeToString(sum[:16])+`"`, err
		return k
	})
	handle(s, a, op{right: auth.ReadFlows, method: http.MethodGet, path: "/nodes", id: "list-nodes", summary: "List the node types with their params and outputs, and what expressions can use", tag: "flows"},
		func(_ context.Context, in *catalogIn) (*catalogOut, error) {
			k := made()
			if k.err != nil {
				return nil, k.err
			}
			out := &catalogOut{Status: http.StatusOK, ETag: k.tag, Cache: "private, no-cache", Body: k.catalog}
			if in.NoneMatch == k.tag {
				out.Status, out.Body = http.StatusNotModified, nil
			}
			return out, nil
		})
}
