package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/queue"
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
	m, err := s.Queue.Stats(r.Context())
	if err != nil {
		s.Log.Error("reading metrics", "err", err)
		writeError(w, http.StatusInternalServerError, "the metrics could not be read", "the log tells why")
		return
	}
	// The text format, https://prometheus.io/docs/instrumenting/exposition_formats/
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	gauge := func(name, help string) { _, _ = fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name) }
	gauge("aether_queue_jobs", "Jobs in the queue by state.")
	for st := queue.Ready; st <= queue.Poison; st++ {
		_, _ = fmt.Fprintf(w, "aether_queue_jobs{state=%q} %d\n", st, m.Jobs[st])
	}
	gauge("aether_queue_oldest_ready_seconds", "How long the job that is ready for longest has waited.")
	_, _ = fmt.Fprintf(w, "aether_queue_oldest_ready_seconds %g\n", m.OldestReady.Seconds())
	gauge("aether_robots", "Robots by state.")
	for _, st := range []queue.RobotState{queue.Online, queue.Paused, queue.Draining, queue.Lost, queue.Offline} {
		_, _ = fmt.Fprintf(w, "aether_robots{state=%q} %d\n", st, m.Robots[st])
	}
	gauge("aether_robot_slots", "Jobs that online robots can do at a time.")
	_, _ = fmt.Fprintf(w, "aether_robot_slots %d\n", m.Slots)
	gauge("aether_robot_busy", "Jobs that online robots do now.")
	_, _ = fmt.Fprintf(w, "aether_robot_busy %d\n", m.Busy)
}
