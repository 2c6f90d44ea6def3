//go:build unix

package webcrash

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// site is a small back office: a login, a list, a form with what makes sessions hard to build again, and a ledger of
// what was really done.
type site struct {
	url    string
	ledger ledger.Ledger

	mu       sync.Mutex
	sessions map[string]int // cookie -> page views
	// on is called for each effect before it is answered; it may kill.
	on func(kind string)
}

const head = `<!doctype html><meta charset=utf-8><title>Desk</title><body><nav id=menu><a href="/list">Orders</a> <a href="/new">New order</a></nav><main>`

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{sessions: map[string]int{}, on: func(string) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><meta charset=utf-8><title>Login</title><main><h1>Login</h1><form method=post action="/login"><label>User <input name=user></label><label>Password <input type=password name=password></label><button>Log in</button></form></main>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("password") != "opensesame" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		s.mu.Lock()
		id := "s" + strconv.Itoa(len(s.sessions)+1)
		s.sessions[id] = 0
		s.mu.Unlock()
		s.done("login", r.FormValue("user"), nil)
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: id, Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/list", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /list", s.inside(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, head+`<h1>Orders</h1><table><tr><th>Order<th>State</table><label>Note <input id=note oninput="localStorage.note=this.value"></label><script>note.value=localStorage.note||''</script>`)
	}))
	mux.HandleFunc("GET /new", s.inside(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, head+`<h1>New order</h1><form id=order method=post action="/orders"><label>Customer <input name=customer></label><label>Amount <input type=number step=any name=amount></label>
			<label>Due <input type=date name=due></label><label>Country <select name=country><option>DE<option>FR<option>IT</select></label><label><input type=checkbox name=urgent value=yes> Urgent</label>
			<label>Text <textarea name=text></textarea></label><button type=button id=more onclick="sessionStorage.more=1;xlabel.hidden=false">More</button><label id=xlabel hidden>Extra <input name=extra></label><button>Save order</button></form>
			<script>if(sessionStorage.more)xlabel.hidden=false</script>`)
	}))
	mux.HandleFunc("POST /orders", s.inside(func(w http.ResponseWriter, r *http.Request) {
		facts := map[string]string{}
		for _, k := range []string{"customer", "amount", "due", "country", "urgent", "text", "extra"} {
			facts[k] = r.FormValue(k)
		}
		e := s.done("order", r.FormValue("customer"), facts)
		http.Redirect(w, r, "/orders/"+strconv.Itoa(e.Seq), http.StatusSeeOther)
	}))
	mux.HandleFunc("GET /orders/{id}", s.inside(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, head+`<h1>Order saved</h1><p id=who>%s</p><button id=pay onclick="fetch('/pay',{method:'POST'}).then(()=>{state.textContent='paid'})">Pay</button><p id=state>open</p>`, html.EscapeString(r.PathValue("id")))
	}))
	mux.HandleFunc("GET /latest", s.inside(func(w http.ResponseWriter, r *http.Request) {
		all := s.ledger.All("order")
		if len(all) == 0 {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, "/orders/"+strconv.Itoa(all[len(all)-1].Seq), http.StatusSeeOther)
	}))
	mux.HandleFunc("POST /pay", s.inside(func(w http.ResponseWriter, _ *http.Request) { s.done("pay", "order", nil) }))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func (s *site) done(kind, key string, facts map[string]string) ledger.Entry {
	e := s.ledger.Add(kind, key, facts)
	s.on(kind)
	return e
}

// inside lets those in who have logged in.
func (s *site) inside(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("sid")
		s.mu.Lock()
		ok := false
		if err == nil {
			_, ok = s.sessions[c.Value]
		}
		s.mu.Unlock()
		if !ok {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		f(w, r)
	}
}

// story tells the ledger in one line for each effect, without numbers and times. Logging in is declared repeatable by
// the flow, so twice in a row is once.
func (s *site) story() string {
	var b strings.Builder
	last := ""
	for _, e := range s.ledger.All("") {
		if e.Kind == "login" && last == "login" {
			continue
		}
		last = e.Kind
		fmt.Fprintln(&b, e.Kind, e.Key, e.Facts)
	}
	return b.String()
}
