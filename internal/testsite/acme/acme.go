// Package acme is the "Acme" back office of the practice site: pages like those that robots meet at work, to
// practise on and to test against.
//
// The office (work list, vendors, clients, invoices, prices, board, orders, reports) wants a login with a password
// and a TOTP code; the lab (frames, shadow DOM, windows, long lists, pickers, dialogs, failing answers) does not.
// Every effect reaches the server and is written to the ledger with the values as they were received. The site does
// not protect the robot: what is sent twice happens twice, and the ledger tells.
//
// What is shown depends on the seed alone; sessions and what visitors changed live in memory. The handler is safe
// for concurrent use.
package acme

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// Config says where the office is and whom it tells what was done.
type Config struct {
	// Ledger receives every effect; nil for a ledger nobody reads.
	Ledger *ledger.Ledger
	// Seed chooses the data that is shown.
	Seed int64
	// Prefix is the path of the office, like "/acme"; "" for the root.
	Prefix string
	// Now is the clock of sessions, codes and limits; nil for time.Now.
	Now func() time.Time
	// SessionRequests is after how many pages a login ends; 0 for no limit.
	SessionRequests int
	// SessionFor is how long after its last page a login ends; 0 for 30 minutes.
	SessionFor time.Duration
}

//go:embed pages static
var files embed.FS

// office is a running Acme.
type office struct {
	cfg   Config
	pages map[string]*template

	mu       sync.Mutex // guards what follows
	sessions map[string]*session
	items    []*workItem
	books    []*register
	articles []*article
	cards    []*card
	jobs     map[string]*job
	counts   map[string]int // how often something was asked for, by its name
	calls    map[string][]time.Time
}

// New returns the office as a handler of all paths under the prefix.
func New(cfg Config) http.Handler {
	if cfg.Ledger == nil {
		cfg.Ledger = ledger.New(nil)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.SessionFor <= 0 {
		cfg.SessionFor = 30 * time.Minute
	}
	cfg.Prefix = strings.TrimRight(cfg.Prefix, "/")
	o := &office{
		cfg: cfg, pages: readPages(cfg.Prefix), sessions: map[string]*session{}, jobs: map[string]*job{},
		counts: map[string]int{}, calls: map[string][]time.Time{},
	}
	o.fill()
	mux := http.NewServeMux()
	o.routes(mux)
	return o.outer(mux)
}

// routes names every page. What is given to o.in wants a login.
func (o *office) routes(mux *http.ServeMux) {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))

	mux.HandleFunc("GET /{$}", o.in(o.home))
	mux.HandleFunc("GET /login", o.loginPage)
	mux.HandleFunc("POST /login", o.login)
	mux.HandleFunc("GET /login/code", o.codePage)
	mux.HandleFunc("POST /login/code", o.code)
	mux.HandleFunc("POST /logout", o.logout)
	mux.HandleFunc("GET /session", o.in(o.sessionPage))
	mux.HandleFunc("POST /session", o.in(o.limitSession))

	mux.HandleFunc("GET /work", o.in(o.workList))
	mux.HandleFunc("POST /work/assign", o.in(o.workAssign))
	mux.HandleFunc("GET /work/{id}", o.in(o.workForm))
	mux.HandleFunc("POST /work/{id}", o.in(o.workUpdate))
	mux.HandleFunc("GET /work/{id}/print", o.in(o.workPrint))
	o.registerRoutes(mux)
	mux.HandleFunc("GET /upload", o.in(o.uploadPage))
	mux.HandleFunc("POST /upload", o.in(o.upload))
	mux.HandleFunc("GET /lookup/vendors", o.in(o.lookup))
	mux.HandleFunc("GET /prices", o.in(o.priceList))
	mux.HandleFunc("POST /prices/{sku}", o.in(o.priceChange))
	mux.HandleFunc("GET /board", o.in(o.board))
	mux.HandleFunc("POST /board/move", o.in(o.boardMove))
	mux.HandleFunc("GET /order", o.in(o.orderPage))
	mux.HandleFunc("POST /order", o.in(o.orderStep))
	mux.HandleFunc("GET /reports", o.in(o.reports))
	mux.HandleFunc("GET /reports/work.csv", o.in(o.workCSV))
	mux.HandleFunc("GET /reports/statement.pdf", o.in(o.statementPDF))
	mux.HandleFunc("POST /reports/jobs", o.in(o.jobStart))
	mux.HandleFunc("GET /reports/jobs/{id}", o.in(o.jobState))
	mux.HandleFunc("GET /reports/jobs/{id}/file", o.in(o.jobFile))
	o.labRoutes(mux)
}

// outer is what every request goes through: the prefix, a slow answer on demand, and the page for what is not there.
func (o *office) outer(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, under := strings.CutPrefix(r.URL.Path, o.cfg.Prefix)
		if !under || path != "" && path[0] != '/' {
			http.NotFound(w, r)
			return
		}
		if path == "" {
			http.Redirect(w, r, o.cfg.Prefix+"/", http.StatusMovedPermanently)
			return
		}
		if !o.slow(r) {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 64<<20)
		inner := r.Clone(context.WithValue(r.Context(), seatKey{}, &seat{}))
		// The server removes the files of the request it knows, which is not this copy.
		defer func() {
			if inner.MultipartForm != nil {
				_ = inner.MultipartForm.RemoveAll() // they are below the temporary folder
			}
		}()
		inner.URL.Path, inner.URL.RawPath = path, ""
		if _, pattern := mux.Handler(inner); pattern == "" {
			o.problem(w, inner, http.StatusNotFound, "There is no such page",
				"The back office has nothing at "+r.URL.Path+".")
			return
		}
		mux.ServeHTTP(w, inner)
	})
}

// slow waits as long as ?slow=ms says, a minute at most, and reports whether the visitor is still there.
func (o *office) slow(r *http.Request) bool {
	ms, err := strconv.Atoi(r.URL.Query().Get("slow"))
	if err != nil || ms <= 0 {
		return true
	}
	t := time.NewTimer(min(time.Duration(ms)*time.Millisecond, time.Minute))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// form reads a posted form, whichever way it is encoded, and answers itself if it cannot be read.
func (o *office) form(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseMultipartForm(8 << 20)
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
	}
	if err != nil {
		o.problem(w, r, http.StatusBadRequest, "The form could not be read", err.Error())
		return false
	}
	return true
}

// facts are the values of a posted form as they were received.
func facts(r *http.Request, leaveOut ...string) map[string]string {
	all := map[string]string{}
	for name, values := range r.PostForm {
		all[name] = strings.Join(values, ",")
	}
	for _, name := range leaveOut {
		delete(all, name)
	}
	return all
}
