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

// Requests with a link to a question that one address may send: nobody needs many, and who guesses does.
const (
	linkRate  = 2
	linkBurst = 40
)

func (l *limits) may(ip string, now time.Time) bool {
	return l.within(ip, now, requestRate, requestBurst)
}

func (l *limits) within(ip string, now time.Time, perSecond rate.Limit, burst int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byIP == nil || len(l.byIP) > maxAddresses {
		l.byIP = map[string]*rate.Limiter{}
	}
	lim := l.byIP[ip]
	if lim == nil {
		lim = rate.NewLimiter(perSecond, burst)
		l.byIP[ip] = lim
	}
	return lim.AllowN(now, 1)
}
