package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/otlptranslator"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/tally"
)

// Scraper answers Prometheus with the metrics of a fleet. It is there whether or
// not telemetry is sent. It is safe for concurrent use.
type Scraper struct {
	from     Figures
	registry *prometheus.Registry

	mu   sync.Mutex // one at a time: what was read is what is gathered
	made *figures
}

// NewScraper returns a scraper of figures, which has to have both kinds.
func NewScraper(from Figures) (*Scraper, error) {
	s := &Scraper{from: from, registry: prometheus.NewRegistry(), made: &figures{began: time.Now(), runs: true}}
	e, err := otelprometheus.New(otelprometheus.WithRegisterer(s.registry), otelprometheus.WithProducer(s.made), otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithoutTargetInfo(), otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return nil, fmt.Errorf("making the metrics: %w", err)
	}
	// A reader works once a provider has it.
	sdkmetric.NewMeterProvider(sdkmetric.WithReader(e))
	return s, nil
}

// Answer writes the metrics, in the format that the request asks for. If they
// cannot be read it writes nothing and returns an error.
func (s *Scraper) Answer(w http.ResponseWriter, r *http.Request) error {
	list, err := s.gather(r.Context())
	if err != nil {
		return err
	}
	got := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return list, nil })
	promhttp.HandlerFor(got, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
	return nil
}

func (s *Scraper) gather(ctx context.Context) ([]*dto.MetricFamily, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The exporter passes over a producer's errors, so what may fail is done
	// before.
	stats, err := s.from.Stats(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.from.Counts(ctx)
	if err != nil {
		return nil, err
	}
	s.made.from.Store(&Figures{
		Stats:  func(context.Context) (*queue.Stats, error) { return stats, nil },
		Counts: func(context.Context) (*tally.Counts, error) { return counts, nil },
	})
	list, err := s.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gathering the metrics: %w", err)
	}
	return list, nil
}
