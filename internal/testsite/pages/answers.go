package pages

import (
	"bytes"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answers are the pages that do more than show a file.
func (s *shelf) answers(handle func(method, path string, h http.HandlerFunc)) {
	handle("GET", "/leaving/there", func(w http.ResponseWriter, r *http.Request) {
		s.wrote("leaving", "arrived", nil)
		s.show(w, r, "leaving", "there", nil)
	})
	handle("GET", "/leaving/nowhere", func(w http.ResponseWriter, _ *http.Request) {
		s.wrote("leaving", "nowhere", nil)
		w.WriteHeader(http.StatusNoContent)
	})
	handle("GET", "/frames", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "frames", "frames", s.frame(r)) })
	handle("GET", "/frames/inner", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "frames", "frame", s.frame(r)) })
	handle("GET", "/popup/child", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "popup", "child", nil) })
	handle("GET", "/slow", s.slow)
	handle("GET", "/slow/drip", s.drip)
	handle("GET", "/redirects", s.redirect)
	handle("GET", "/redirects/{k}", s.redirect)
	handle("GET", "/big", s.big)
	handle("GET", "/download/file", s.file)
	handle("GET", "/table", s.table)
}

// frameView is a frame and what is in it.
type frameView struct {
	Level  int
	Inner  []string // addresses of the frames inside
	Origin string
}

// frame says which frames a frame holds: one of this origin and one of the other, until the depth is reached.
func (s *shelf) frame(r *http.Request) frameView {
	q := r.URL.Query()
	level, depth := number(q.Get("level"), 0, 5), number(q.Get("depth"), 3, 5)
	f := frameView{Level: level, Origin: r.Host}
	if level < depth {
		at := s.cfg.Prefix + "/frames/inner?" + url.Values{"level": {strconv.Itoa(level + 1)}, "depth": {strconv.Itoa(depth)}}.Encode()
		f.Inner = []string{at, "//" + otherHost(r.Host) + at}
	}
	return f
}

// otherHost is this server under its other name, which makes another origin of it.
func otherHost(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	switch name {
	case "localhost":
		name = "127.0.0.1"
	case "127.0.0.1":
		name = "localhost"
	}
	if port == "" {
		return name
	}
	return net.JoinHostPort(name, port)
}

func (s *shelf) slow(w http.ResponseWriter, r *http.Request) {
	ms := millis(r, defaults["slow"])
	if !wait(r, time.Duration(ms)*time.Millisecond) {
		s.wrote("slow", "gone", nil)
		return
	}
	s.wrote("slow", "answered", map[string]string{"ms": strconv.Itoa(ms)})
	s.show(w, r, "slow", "slow", nil)
}

// drip sends an answer in pieces.
func (s *shelf) drip(w http.ResponseWriter, r *http.Request) {
	n, pause := number(r.URL.Query().Get("n"), 10, 10000), time.Duration(millis(r, 100))*time.Millisecond
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	sent := s.pieces(w, r, n, pause, func(i int) []byte { return fmt.Appendf(nil, "piece %d of %d\n", i+1, n) })
	s.wrote("slow", "drip", map[string]string{"pieces": strconv.Itoa(sent), "whole": strconv.FormatBool(sent == n)})
}

// pieces sends n pieces and returns how many were sent before the visitor went.
func (s *shelf) pieces(w http.ResponseWriter, r *http.Request, n int, pause time.Duration, piece func(i int) []byte) int {
	flush := http.NewResponseController(w)
	for i := range n {
		if i > 0 && pause != 0 && !wait(r, pause) {
			return i
		}
		if _, err := w.Write(piece(i)); err != nil {
			return i
		}
		if err := flush.Flush(); err != nil {
			return i
		}
	}
	return n
}

// redirect sends on, without end if ?n does not say how often.
func (s *shelf) redirect(w http.ResponseWriter, r *http.Request) {
	k := number(r.PathValue("k"), 0, 1_000_000)
	n := number(r.URL.Query().Get("n"), 1<<30, 1000)
	if k >= n {
		s.wrote("redirects", "arrived", map[string]string{"after": strconv.Itoa(k)})
		s.show(w, r, "redirects", "redirects", k)
		return
	}
	s.wrote("redirects", "hop", map[string]string{"k": strconv.Itoa(k)})
	to := s.cfg.Prefix + "/redirects/" + strconv.Itoa(k+1)
	if r.URL.Query().Has("n") {
		to += "?n=" + strconv.Itoa(n)
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// big sends a page of many megabytes. It is flushed, so no mutation changes it.
func (s *shelf) big(w http.ResponseWriter, r *http.Request) {
	mb := number(r.URL.Query().Get("mb"), 50, 200)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	head := "<!doctype html><title>Very big page</title><h1>Very big page</h1>\n"
	row := "<div class=\"row\"><span>Row</span> <i>of a page that is far too big to be looked at, and is sent all the same</i></div>\n"
	block := bytes.Repeat([]byte(row), (1<<20)/len(row)+1)
	tail := `<p><button onclick="fetch('` + s.cfg.Prefix + `/did/big/click',{method:'POST',headers:{'X-Part':'1'}})">At the end</button></p>`
	sent := 0
	whole := s.pieces(w, r, mb+2, 0, func(i int) []byte {
		part := block
		switch i {
		case 0:
			part = []byte(head)
		case mb + 1:
			part = []byte(tail)
		}
		sent += len(part)
		return part
	}) == mb+2
	s.wrote("big", "sent", map[string]string{"bytes": strconv.Itoa(sent), "whole": strconv.FormatBool(whole)})
}

// file sends a file to save.
func (s *shelf) file(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name := q.Get("name")
	if name == "" {
		name = "report.csv"
	}
	kb, pause := number(q.Get("kb"), 10, 1<<20), time.Duration(millis(r, 0))*time.Millisecond
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Length", strconv.Itoa(kb<<10))
	line := []byte(strings.Repeat("a line of a file;1234567890;yes\n", 32))
	sent := 0
	if pause == 0 {
		for ; sent < kb; sent++ {
			if _, err := w.Write(line); err != nil {
				break
			}
		}
	} else {
		sent = s.pieces(w, r, kb, pause, func(int) []byte { return line })
	}
	s.wrote("download", "file", map[string]string{"name": name, "bytes": strconv.Itoa(sent << 10), "whole": strconv.FormatBool(sent == kb)})
}

// tableRow is a row of the long table.
type tableRow struct {
	N                        int
	Name, City, Amount, Date string
}

func (s *shelf) table(w http.ResponseWriter, r *http.Request) {
	names, cities := []string{"Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Grove"}, []string{"Aarhus", "Brno", "Cork", "Dijon", "Évora"}
	rows := make([]tableRow, number(r.URL.Query().Get("rows"), 10_000, 100_000))
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		cents := (i*7919 + 13) % 1_000_000
		rows[i] = tableRow{i + 1, names[i%len(names)] + " " + strconv.Itoa(i+1), cities[i*3%len(cities)], fmt.Sprintf("%d.%02d", cents/100, cents%100), from.AddDate(0, 0, i%365).Format(time.DateOnly)}
	}
	s.show(w, r, "table", "table", rows)
}
