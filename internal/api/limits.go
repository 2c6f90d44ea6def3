package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Requests that one address may send: a burst, and so many a second after it.
const (
	requestRate  = 200
	requestBurst = 1000
	maxAddresses = 10_000
)

// limits bounds the requests of each address.
type limits struct {
	mu   sync.Mutex
	byIP map[string]*rate.Limiter
}

func (l *limits) may(ip string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byIP == nil || len(l.byIP) > maxAddresses {
		l.byIP = map[string]*rate.Limiter{}
	}
	lim := l.byIP[ip]
	if lim == nil {
		lim = rate.NewLimiter(requestRate, requestBurst)
		l.byIP[ip] = lim
	}
	return lim.AllowN(now, 1)
}
