// Command bank is the tiny bank of the approve-payments example. POST
// /payments executes a payment at once and for good: it knows nothing of
// idempotency keys, so sending a payment twice pays twice. GET /payments lists
// what was paid.
//
// With -hold ID the bank executes that payment but is slow to say so: the
// moment to kill Aether in.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

type payment struct {
	ID     string  `json:"id"`
	Payee  string  `json:"payee"`
	IBAN   string  `json:"iban"`
	Amount float64 `json:"amount"`
}

type bank struct {
	hold string
	mu   sync.Mutex
	paid []payment
}

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "Address to listen at.")
	portfile := flag.String("portfile", "", "File to write the address to that was taken.")
	hold := flag.String("hold", "", "Payment that is executed, and answered a minute later.")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *portfile != "" {
		if err := os.WriteFile(*portfile+".new", []byte(l.Addr().String()), 0o600); err != nil {
			log.Fatal(err)
		}
		if err := os.Rename(*portfile+".new", *portfile); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("bank at http://%s\n", l.Addr())
	b := &bank{hold: *hold}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments", b.pay)
	mux.HandleFunc("GET /payments", b.list)
	log.Fatal((&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}).Serve(l))
}

func (b *bank) pay(w http.ResponseWriter, r *http.Request) {
	var p payment
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil || p.ID == "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": "a payment has id, payee, iban and amount"})
		return
	}
	b.mu.Lock()
	b.paid = append(b.paid, p)
	n := len(b.paid)
	b.mu.Unlock()
	if p.ID == b.hold {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	}
	answer(w, http.StatusCreated, map[string]any{"receipt": fmt.Sprintf("R-%04d", n), "id": p.ID})
}

func (b *bank) list(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer(w, http.StatusOK, append([]payment{}, b.paid...))
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
