package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
)

// health registers what load balancers and Prometheus ask for.
func (s *Server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if _, err := s.Queue.Now(ctx); err != nil {
			s.Log.Warn("not ready", "err", err)
			writeError(w, http.StatusServiceUnavailable, "the database does not answer", "look whether it runs, and whether this server may connect")
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", s.metrics)
}

// metrics answers Prometheus. A token is needed, as for all that tells of jobs.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	secret := ""
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer %s", &secret); err != nil {
		writeError(w, http.StatusUnauthorized, "the metrics need a token", "make one with `aether server token create --role viewer`, and set it as the scraper's bearer token")
		return
	}
	p, err := s.Auth.Authenticate(r.Context(), secret)
	if err != nil || !p.Role.May(auth.ReadMetrics) {
		writeError(w, http.StatusUnauthorized, "the token is unknown, was revoked or has expired", "make a new one with `aether server token create --role viewer`")
		return
	}
	if s.Metrics == nil {
		writeError(w, http.StatusNotFound, "this server has no metrics", "another orchestrator may have them")
		return
	}
	if err := s.Metrics(w, r); err != nil {
		s.Log.Error("reading metrics", "err", err)
		writeError(w, http.StatusInternalServerError, "the metrics could not be read", "the log tells why")
	}
}
