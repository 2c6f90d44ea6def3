package acme

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Who may enter the area that the browser asks a name and a password for.
const (
	basicUser     = "basic"
	basicPassword = "practice-4"
)

// answerRoutes are the pages whose answers are difficult. They keep apart what is counted by ?case=NAME, so that
// every exercise can begin anew.
func (o *office) answerRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /lab/flaky", o.flaky)
	mux.HandleFunc("GET /lab/lost", o.lostPage)
	mux.HandleFunc("POST /lab/lost", o.lost)
	mux.HandleFunc("GET /lab/limited", o.limited)
	mux.HandleFunc("POST /lab/limited", o.limited)
	mux.HandleFunc("GET /lab/redirects/{n}", o.redirects)
	mux.HandleFunc("GET /lab/basic", o.basic)
}

// count returns how often something has happened, this time included.
func (o *office) count(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[name]++
	return o.counts[name]
}

// flaky answers 500 the first times, twice unless ?fail=N says otherwise, and then for good.
func (o *office) flaky(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("case")
	n, fail := o.count("flaky "+name), number(r, "fail", 2, 0, 1000)
	if n <= fail {
		o.problem(w, r, http.StatusInternalServerError, "Something went wrong",
			fmt.Sprintf("Try again: this was try %d, and %d fail.", n, fail))
		return
	}
	o.show(w, r, http.StatusOK, "message", view{Title: "It worked", Section: "/lab", Data: fmt.Sprintf("Try %d of case %q was answered.", n, name)})
}

func (o *office) lostPage(w http.ResponseWriter, r *http.Request) {
	var keys []string
	for _, e := range o.cfg.Ledger.All("parcel.send") {
		keys = append(keys, e.Key)
	}
	o.show(w, r, http.StatusOK, "lost", view{Title: "The lost answer", Section: "/lab", Data: keys})
}

// lost sends a parcel, and the first time for each reference pretends that it did not: whoever tries again without
// looking at the list sends it twice.
func (o *office) lost(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	key := r.PostFormValue("reference")
	o.cfg.Ledger.Add("parcel.send", key, facts(r))
	if o.count("lost "+key) == 1 {
		o.problem(w, r, http.StatusInternalServerError, "Something went wrong", "The parcel may have been sent, or not.")
		return
	}
	o.leave(w, r, "/lab/lost", "Sent")
}

// limited allows few calls in a time: ?calls=3 in ?seconds=10.
func (o *office) limited(w http.ResponseWriter, r *http.Request) {
	name, now := r.URL.Query().Get("case"), o.cfg.Now()
	calls, window := number(r, "calls", 3, 1, 1000), time.Duration(number(r, "seconds", 10, 1, 3600))*time.Second
	o.mu.Lock()
	recent := o.calls[name]
	for len(recent) > 0 && !recent[0].Add(window).After(now) {
		recent = recent[1:]
	}
	allowed := len(recent) < calls
	var wait time.Duration
	if allowed {
		recent = append(recent, now)
	} else {
		wait = recent[len(recent)-calls].Add(window).Sub(now)
	}
	left := calls - len(recent)
	o.calls[name] = recent
	o.mu.Unlock()
	if !allowed {
		seconds := max(1, int((wait+time.Second-1)/time.Second))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		o.problem(w, r, http.StatusTooManyRequests, "Too many calls", fmt.Sprintf("Come back in %d s.", seconds))
		return
	}
	if r.Method == http.MethodPost {
		if !o.form(w, r) {
			return
		}
		o.cfg.Ledger.Add("ticket.draw", r.PostFormValue("key"), facts(r, "key"))
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "left": left})
		return
	}
	o.show(w, r, http.StatusOK, "message", view{Title: "A ticket", Section: "/lab", Data: fmt.Sprintf("%d calls are left for now.", left)})
}

// redirects leads over N pages to an end, or for "endless" round and round.
func (o *office) redirects(w http.ResponseWriter, r *http.Request) {
	to := "endless"
	if r.PathValue("n") != to {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n > 100 {
			o.problem(w, r, http.StatusNotFound, "There is no such page", "Ask for a number up to 100, or for endless.")
			return
		}
		if n <= 0 {
			o.show(w, r, http.StatusOK, "message", view{Title: "Arrived", Section: "/lab", Data: "The redirects end here."})
			return
		}
		to = strconv.Itoa(n - 1)
	}
	http.Redirect(w, r, o.cfg.Prefix+"/lab/redirects/"+to, http.StatusFound)
}

func (o *office) basic(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user+"\n"+password), []byte(basicUser+"\n"+basicPassword)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="Acme strongroom"`)
		o.problem(w, r, http.StatusUnauthorized, "Name and password, please", "The strongroom opens for "+basicUser+" alone.")
		return
	}
	o.cfg.Ledger.Add("basic.enter", cmp.Or(r.URL.Query().Get("key"), user), nil)
	o.show(w, r, http.StatusOK, "message", view{Title: "The strongroom", Section: "/lab", Data: "You are in as " + user + "."})
}
