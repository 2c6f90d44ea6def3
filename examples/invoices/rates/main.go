// Command rates is the tiny exchange-rate service of the invoices example. It
// answers GET /rates/USD?base=EUR&date=2025-12-31 with a rate that never
// changes, and is as moody as real services are: the first call for each
// currency is refused with 429, 503 or 500.
//
// GET /ledger lists every request in order, with its idempotency key and how
// it was answered, so that a test can look from outside at what a flow did.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// rates is how many EUR one unit is worth at the end of December 2025.
var rates = map[string]float64{"EUR": 1, "USD": 0.8511, "GBP": 1.1460, "CHF": 1.0738}

// moods is how the first call for a currency is refused.
var moods = map[string]int{"USD": http.StatusTooManyRequests, "GBP": http.StatusServiceUnavailable, "CHF": http.StatusInternalServerError}

// entry is one line of the ledger.
type entry struct {
	Currency string `json:"currency"`
	Token    string `json:"token"`
	Status   int    `json:"status"`
}

type server struct {
	mu     sync.Mutex
	ledger []entry
	called map[string]bool
}

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "Address to listen at.")
	portfile := flag.String("portfile", "", "File to write the address to that was taken.")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *portfile != "" {
		// Renamed into place, so that nobody reads half an address.
		if err := os.WriteFile(*portfile+".new", []byte(l.Addr().String()), 0o600); err != nil {
			log.Fatal(err)
		}
		if err := os.Rename(*portfile+".new", *portfile); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("rates at http://%s\n", l.Addr())
	s := &server{called: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rates/{currency}", s.rate)
	mux.HandleFunc("GET /ledger", s.list)
	log.Fatal((&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}).Serve(l))
}

func (s *server) rate(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := entry{Currency: strings.ToUpper(r.PathValue("currency")), Token: r.Header.Get("Idempotency-Key"), Status: http.StatusOK}
	defer func() { s.ledger = append(s.ledger, e) }()
	rate, known := rates[e.Currency]
	switch first := !s.called[e.Currency]; {
	case !known:
		e.Status = http.StatusNotFound
	case first && moods[e.Currency] != 0:
		e.Status = moods[e.Currency]
	}
	s.called[e.Currency] = true
	if e.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	if e.Status != http.StatusOK {
		answer(w, e.Status, map[string]any{"error": http.StatusText(e.Status), "currency": e.Currency})
		return
	}
	answer(w, e.Status, map[string]any{"currency": e.Currency, "base": "EUR", "date": r.URL.Query().Get("date"), "rate": rate, "idempotency_key": e.Token})
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, append([]entry{}, s.ledger...))
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
