// Command api is the tiny web shop and CRM of the api-sync example.
//
// GET /customers hands out customers in pages, led on by a Link header. POST
// /contacts creates or changes a contact: it honours Idempotency-Key, refuses
// what has no valid address with 422, and answers the first try of every
// fourth contact with 503. GET /contacts lists the contacts, GET /ledger what
// was asked of it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type contact struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	City  string `json:"city"`
}

type entry struct {
	ID     string `json:"id"`
	Token  string `json:"token"`
	Status int    `json:"status"`
	Again  bool   `json:"again,omitempty"` // answered from memory
}

type server struct {
	mu       sync.Mutex
	contacts map[string]contact
	tokens   map[string]contact
	tried    map[string]bool
	ledger   []entry
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
		if err := os.WriteFile(*portfile+".new", []byte(l.Addr().String()), 0o600); err != nil {
			log.Fatal(err)
		}
		if err := os.Rename(*portfile+".new", *portfile); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("api at http://%s\n", l.Addr())
	s := &server{contacts: map[string]contact{}, tokens: map[string]contact{}, tried: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /customers", customers)
	mux.HandleFunc("POST /contacts", s.upsert)
	mux.HandleFunc("GET /contacts", s.list)
	mux.HandleFunc("GET /ledger", s.entries)
	log.Fatal((&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}).Serve(l))
}

const total = 23

// customers hands out a page. Customer 9 has no address that would do.
func customers(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	const size = 8
	list := []contact{}
	for i := (page-1)*size + 1; i <= min(page*size, total); i++ {
		c := contact{ID: fmt.Sprintf("K-%03d", i), Name: fmt.Sprintf("Customer %d", i), Email: fmt.Sprintf("customer%d@shop.example", i), City: []string{"Hamburg", "Wien", "Zürich", "Lyon"}[i%4]}
		if i == 9 {
			c.Email = "customer9(at)shop.example"
		}
		list = append(list, c)
	}
	if page*size < total {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s/customers?page=%d>; rel="next"`, r.Host, page+1))
	}
	answer(w, http.StatusOK, map[string]any{"data": list, "total": total})
}

func (s *server) upsert(w http.ResponseWriter, r *http.Request) {
	var c contact
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.ID == "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": "a contact has id, name, email and city"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := entry{ID: c.ID, Token: r.Header.Get("Idempotency-Key"), Status: http.StatusOK}
	defer func() { s.ledger = append(s.ledger, e) }()
	n, _ := strconv.Atoi(strings.TrimPrefix(c.ID, "K-"))
	first := !s.tried[c.ID]
	s.tried[c.ID] = true
	_, e.Again = s.tokens[e.Token]
	switch {
	case n%4 == 0 && first:
		e.Status = http.StatusServiceUnavailable
		answer(w, e.Status, map[string]any{"error": "come again"})
		return
	case !strings.Contains(c.Email, "@"):
		e.Status = http.StatusUnprocessableEntity
		answer(w, e.Status, map[string]any{"error": "the address is not valid", "field": "email"})
		return
	}
	if !e.Again {
		s.contacts[c.ID], s.tokens[e.Token] = c, c
	}
	answer(w, e.Status, c)
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []contact{}
	for _, id := range slices.Sorted(maps.Keys(s.contacts)) {
		out = append(out, s.contacts[id])
	}
	answer(w, http.StatusOK, out)
}

func (s *server) entries(w http.ResponseWriter, _ *http.Request) {
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
