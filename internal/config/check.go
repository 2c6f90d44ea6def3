package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	checkTimeout = 15 * time.Second // of the whole check, if the caller set no earlier deadline
	pings        = 5
)

// ErrNotReady is returned with a full Report if the database answers but lacks a right.
var ErrNotReady = errors.New("the database does not allow all that Aether needs")

// Check connects to the configured database and reports its version, latency, tables and rights. It
// changes nothing: it creates no SQLite file, and writes only in a transaction that it rolls back.
// The report holds what was found even if there is an error.
func Check(ctx context.Context, c *Config) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	r := Report{Kind: c.Database.Kind, Database: c.Database.URL.String()}
	var err error
	switch c.Database.Kind {
	case KindSQLite:
		err = checkSQLite(ctx, c.Database.Path(), &r)
	case KindPostgres:
		err = checkPostgres(ctx, c.Database, &r)
	default:
		return r, fmt.Errorf("checking the database: kind %q is not known; load the configuration with Load", c.Database.Kind)
	}
	if err != nil {
		return r, fmt.Errorf("checking %s: %w", r.Database, err)
	}
	if !r.Ready() {
		return r, fmt.Errorf("checking %s: %w", r.Database, ErrNotReady)
	}
	return r, nil
}

// median times a round trip a few times; one alone is often an outlier.
func median(trip func() error) (time.Duration, error) {
	times := make([]time.Duration, 0, pings)
	for range pings {
		start := time.Now()
		if err := trip(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
