package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/internal/testsite/mutate"
)

// tableRows is how many rows the page with the table has.
const tableRows = 10_000

// site serves the pages that everything is measured on, on the loopback, and returns its address.
func (b *bench) site() (string, func(), error) {
	var rows strings.Builder
	for i := 1; i <= tableRows; i++ {
		fmt.Fprintf(&rows, "<tr><td>%d</td><td>Customer %d</td><td>%d.%02d</td><td>2026-%02d-%02d</td><td>open</td></tr>\n", i, i*7%9973, i*13%5000, i%100, i%12+1, i%28+1)
	}
	const head = `<!doctype html><meta charset=utf-8><link rel=icon href=data:,>`
	pages := map[string]string{
		"/click": head + `<h1>Counter</h1><button id=b onclick="n.textContent=++k">Press</button> <button id=c onclick="n.textContent=++k">Or press</button><p id=n>0</p><script>let k=0</script>`,
		"/fill":  head + `<h1>Field</h1><label>Name <input id=f></label>`,
		"/table": head + `<h1>Table</h1><table id=t>` + rows.String() + `</table>`,
	}
	forms, err := challenge.New(challenge.Config{Ledger: b.ledger, Prefix: "/challenge", Seed: 1})
	if err != nil {
		return "", nil, err
	}
	whole := mutate.New(forms) // without it the scripts of its pages do not run
	if err := whole.Set(0, 1); err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/challenge/", whole)
	for path, p := range pages {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(p)) // the browser may have gone
		})
	}
	l, err := (&net.ListenConfig{}).Listen(bg, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // it ends with the program
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}
