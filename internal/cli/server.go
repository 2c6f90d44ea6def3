package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/cli/browser"
	"github.com/spf13/cobra"

	"github.com/aether-rpa/aether/internal/app"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/queue"
	"github.com/aether-rpa/aether/internal/recording"
)

// serveFlags say where the server listens.
type serveFlags struct {
	addr      string
	cert, key string
	public    bool
	link      bool // print a link that signs in
	open      bool // and open it
}

func (f *serveFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8420", "Where to listen, HOST:PORT.")
	cmd.Flags().StringVar(&f.cert, "tls-cert", "", "PEM file with the certificate, for HTTPS.")
	cmd.Flags().StringVar(&f.key, "tls-key", "", "PEM file with the key of the certificate.")
	cmd.Flags().BoolVar(&f.public, "insecure-public", false, "Listen on other than loopback addresses without HTTPS, as behind a proxy that does it. Tokens then travel in the clear.")
}

func (c *command) serveCmd() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API of an orchestrator; robots are processes of their own",
		Long: "Serves the API under /api/v1, with its OpenAPI document at /api/v1/openapi.json, and /healthz, /readyz and /metrics. Several orchestrators may share one PostgreSQL database.\n\n" +
			"It listens on loopback only, unless it is given a certificate or --insecure-public. The first start prints a token with role admin, once.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd, f, "", nil, 0) },
	}
	f.add(cmd)
	return c.jsonFlag(cmd)
}

func (c *command) upCmd() *cobra.Command {
	var f serveFlags
	var name string
	var labels []string
	var slots int
	var noOpen bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Serve the pages and the API and be a robot, in one process",
		Long:  "Does what `aether serve` and `aether robot` do, in one process: all that a laptop needs. On a terminal it prints a link that signs in to its pages, once, and opens it in a browser; `aether server link` prints another.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.robotLabels(labels, slots)
			if err != nil {
				return badInput(err)
			}
			if name == "" {
				name = c.Host
			}
			// Not into the log of a service, which others may read.
			f.link, f.open = c.Terminal || c.asJSON, c.Keyboard && !noOpen && !c.asJSON && slices.Contains(all, "display")
			return c.serve(cmd, f, name, all, slots)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "Open no browser.")
	cmd.Flags().StringVar(&name, "name", "", "Name of the robot. Default: the name of the machine.")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "Label the robot has; may be repeated.")
	cmd.Flags().IntVar(&slots, "slots", 2, "How many jobs the robot does at a time.")
	return c.jsonFlag(cmd)
}

// listen opens the socket, or says why it is refused.
func (f serveFlags) listen(ctx context.Context) (net.Listener, bool, error) {
	if (f.cert == "") != (f.key == "") {
		return nil, false, badInput(errors.New("--tls-cert and --tls-key go together"))
	}
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return nil, false, badInput(fmt.Errorf("--addr is written HOST:PORT, not %q", f.addr))
	}
	secure := f.cert != ""
	if !secure && !f.public && !loopback(host) {
		return nil, false, badInput(fmt.Errorf("%s can be reached from other machines, and tokens would travel in the clear: give --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure-public if a proxy does HTTPS", f.addr))
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", f.addr)
	if err != nil {
		return nil, false, fmt.Errorf("listening on %s: %w (choose another with --addr)", f.addr, err)
	}
	if secure {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			_ = l.Close()
			return nil, false, badInput(fmt.Errorf("reading the certificate: %w", err))
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	return l, secure, nil
}

// loopback reports whether only this machine reaches a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var noLabel = regexp.MustCompile(`[^A-Za-z0-9_.]+`)

// ownLabel is the label that of all robots only the one with a name has, for jobs that need what its machine serves.
func ownLabel(name string) string {
	label := noLabel.ReplaceAllString(name, "_")
	if label != name { // so that no two names become one
		label += fmt.Sprintf(".%08x", crc32.ChecksumIEEE([]byte(name)))
	}
	return "own." + label
}

// serve answers requests, and is a robot if it has a name, until it is stopped.
func (c *command) serve(cmd *cobra.Command, f serveFlags, robotName string, labels []string, slots int) error {
	s, err := c.open(cmd, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	ctx, interrupt := context.WithCancel(cmd.Context())
	defer interrupt()
	if robotName != "" {
		if _, err := s.Secrets.Check(ctx); err != nil {
			return err
		}
	}
	l, secure, err := f.listen(ctx)
	if err != nil {
		return err
	}
	// Retries read the records, which are the durable engine's.
	if err := s.Start(ctx, robotName != ""); err != nil {
		_ = l.Close()
		return err
	}
	first, made, err := s.Auth.First(ctx)
	if err != nil {
		_ = l.Close()
		return err
	}
	door, err := s.API(secure)
	if err != nil {
		_ = l.Close()
		return err
	}
	host, _, odd := net.SplitHostPort(l.Addr().String())
	door.Public = f.public || odd != nil || !loopback(host)
	if robotName != "" {
		own := ownLabel(robotName)
		labels = append(labels, own)
		door.Demo = s.Demo(own)
		defer door.Demo.Site.Close()
		noWindow := ""
		switch {
		case !slices.Contains(labels, "display"):
			noWindow = "this server has no display"
		case door.Public:
			noWindow = "this server can be reached from other machines"
		}
		door.Recordings = s.Recordings(noWindow)
		defer door.Recordings.Close()
		door.Picks = &recording.Picks{Room: door.Recordings}
		defer door.Picks.Close()
		door.Past = s.Past
	}
	srv := &http.Server{
		Handler: door.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog:    slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	say := c.sayer()
	url := map[bool]string{true: "https", false: "http"}[secure] + "://" + l.Addr().String()
	s.Listens(map[bool]string{true: "https", false: "http"}[secure] + "://" + app.Reachable(l.Addr().String(), c.Host))
	if made {
		say("first_token", map[string]any{"token": first, "role": "admin"}, "first token, role admin, shown only now: %s", first)
	}
	say("serving", map[string]any{"url": url}, "serving %s, documented at %s/api/v1/openapi.json", url, url)
	if f.link {
		secret, _, err := s.Auth.Link(ctx, auth.Admin)
		if err != nil {
			_ = l.Close()
			return err
		}
		link := url + signInPage + secret
		say("link", map[string]any{"link": link}, "open %s (signs in once, within ten minutes)", link)
		if f.open {
			browser.Stdout, browser.Stderr = io.Discard, io.Discard
			go func() { // what opens it may stay until the browser is closed
				if err := browser.OpenURL(link); err != nil {
					s.Log.Debug("opening a browser", "err", err)
				}
			}()
		}
	}
	var wg sync.WaitGroup
	failed := make(chan error, 1)
	wg.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	wg.Go(func() { c.tend(ctx, s) })
	wg.Go(func() { watch(ctx, s, door.Watch) })
	drain, done := make(chan struct{}), make(chan struct{})
	go c.stopOnSignals(say, drain, interrupt, done)
	if robotName != "" {
		err = c.robotAgent(ctx, s, say, robotName, labels, slots).serve(ctx, drain)
	} else {
		select {
		case <-drain:
		case err = <-failed:
		}
	}
	close(done)
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	interrupt() // ends the streams
	_ = srv.Shutdown(bye)
	wg.Wait()
	return err
}

// watch looks at the queue from time to time, for those who ask how it was.
func watch(ctx context.Context, s *app.System, w *queue.Watch) {
	tick := time.NewTicker(queue.SampleEvery)
	defer tick.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("looking at the queue", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tend does what time asks for while no robot of this process does.
func (c *command) tend(ctx context.Context, s *app.System) {
	tick, keep := time.NewTicker(time.Second), time.NewTicker(time.Hour)
	defer tick.Stop()
	defer keep.Stop()
	for {
		if n, err := s.Orch.Retain(ctx, retention(s.Config)); err != nil && ctx.Err() == nil {
			s.Log.Warn("forgetting old runs", "err", err)
		} else if n > 0 {
			s.Log.Debug("forgot old runs", "count", n)
		}
		if n, err := s.Orch.RetainItems(ctx, retention(s.Config)); err != nil && ctx.Err() == nil {
			s.Log.Warn("removing old work items", "err", err)
		} else if n > 0 {
			s.Log.Debug("removed old work items", "count", n)
		}
	ticks:
		for {
			select {
			case <-ctx.Done():
				return
			case <-keep.C:
				break ticks
			case <-tick.C:
				if _, err := s.Queue.Tick(ctx); err != nil && ctx.Err() == nil {
					s.Log.Warn("tending the queue", "err", err)
				}
			}
		}
	}
}

// stopOnSignals drains on the first signal, interrupts on the second, and
// leaves at once on the third: what is recorded is safe.
func (c *command) stopOnSignals(say sayer, drain chan<- struct{}, interrupt func(), done <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case _, ok := <-c.Signals:
			switch {
			case !ok:
				return
			case n == 0:
				say("draining", map[string]any{}, "stopping: what it has is ended first (once more interrupts it)")
				close(drain)
			case n == 1:
				interrupt()
			default:
				os.Exit(exitInterrupted)
			}
		}
	}
}

func (c *command) serverCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "server", Short: "Tokens and accounts of the API"}
	cmd.AddCommand(c.serverToken(), c.serverAccount(), c.serverLink())
	return cmd
}

func (c *command) serverToken() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Make, list and revoke tokens"}
	var role string
	var days int
	create := &cobra.Command{
		Use: "create NAME", Short: "Make a token and print it, once", Args: oneArg("a name, which says what the token is for"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := auth.ParseTokenRole(role)
			if err != nil {
				return badInput(err)
			}
			return c.withQueue(cmd, func(s *app.System) error {
				var until time.Time
				if days > 0 {
					until = c.Now().AddDate(0, 0, days)
				}
				secret, t, err := s.Auth.CreateToken(cmd.Context(), args[0], r, until)
				if errors.Is(err, auth.ErrInput) {
					return badInput(err)
				}
				if err != nil {
					return err
				}
				if c.asJSON {
					return c.printJSON(map[string]any{"secret": secret, "token": t})
				}
				c.printf("%s\n", secret)
				return nil
			})
		},
	}
	create.Flags().StringVar(&role, "role", string(auth.Viewer), "What it may do: viewer, operator, developer or admin; robot for a robot behind a firewall.")
	create.Flags().IntVar(&days, "days", 0, "How many days it is good for; 0 for ever.")
	list := &cobra.Command{
		Use: "list", Short: "List tokens", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				list, err := s.Auth.Tokens(cmd.Context(), "")
				if err != nil {
					return err
				}
				if c.asJSON {
					if list == nil {
						list = []*auth.Token{}
					}
					return c.printJSON(list)
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tROLE\tMADE\tUSED\tEXPIRES")
				for _, t := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Role, date(t.Created), date(t.Used), date(t.Expires))
				}
				return w.Flush()
			})
		},
	}
	revoke := &cobra.Command{
		Use: "revoke ID", Short: "Revoke a token at once", Args: oneArg("the id of a token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				err := s.Auth.Revoke(cmd.Context(), args[0])
				if errors.Is(err, auth.ErrNotFound) {
					return badInput(err)
				}
				return err
			})
		},
	}
	cmd.AddCommand(c.jsonFlag(create), c.jsonFlag(list), revoke)
	return cmd
}

// signInPage is where the secret of a link stands behind the #, which browsers send to no server.
const signInPage = "/login#link="

func (c *command) serverLink() *cobra.Command {
	var role, url string
	cmd := &cobra.Command{
		Use: "link", Short: "Print a link that signs in to the server's pages, once", Args: noArgs,
		Long: "Prints a link that signs in to the pages of the server, for who can use its database anyway. It is good once, for ten minutes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := auth.ParseRole(role)
			if err != nil {
				return badInput(err)
			}
			return c.withQueue(cmd, func(s *app.System) error {
				secret, until, err := s.Auth.Link(cmd.Context(), r)
				if err != nil {
					return err
				}
				link := strings.TrimRight(url, "/") + signInPage + secret
				if c.asJSON {
					return c.printJSON(map[string]any{"link": link, "expires": until})
				}
				c.printf("%s\n", link)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", string(auth.Admin), "Role of who comes by it: viewer, operator, developer or admin.")
	cmd.Flags().StringVar(&url, "url", "http://127.0.0.1:8420", "Address of the server as the browser reaches it.")
	return c.jsonFlag(cmd)
}

func date(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateTime)
}

func (c *command) serverAccount() *cobra.Command {
	cmd := &cobra.Command{Use: "account", Short: "Make and list accounts of people"}
	var role string
	set := &cobra.Command{
		Use: "set NAME", Short: "Make an account, or change its role and password", Args: oneArg("the name of an account"),
		Long: "The password is asked for on the terminal, or read from standard input.",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := auth.ParseRole(role)
			if err != nil {
				return badInput(err)
			}
			secret, err := c.secretValue(cmd.Context(), args[0], !c.Keyboard, "")
			if err != nil {
				return err
			}
			password := strings.TrimRight(secret.Reveal(), "\r\n")
			return c.withQueue(cmd, func(s *app.System) error {
				err := s.Auth.SetAccount(cmd.Context(), args[0], auth.AccountChange{Role: r, Password: password})
				if errors.Is(err, auth.ErrInput) {
					return badInput(err)
				}
				return err
			})
		},
	}
	set.Flags().StringVar(&role, "role", string(auth.Viewer), "What it may do: viewer, operator, developer or admin.")
	list := &cobra.Command{
		Use: "list", Short: "List accounts", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withQueue(cmd, func(s *app.System) error {
				list, err := s.Auth.Accounts(cmd.Context())
				if err != nil {
					return err
				}
				if c.asJSON {
					if list == nil {
						list = []*auth.Account{}
					}
					return c.printJSON(list)
				}
				w := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROLE\tMADE\tDISABLED")
				for _, a := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%v\n", a.Name, a.Role, date(a.Created), a.Disabled)
				}
				return w.Flush()
			})
		},
	}
	cmd.AddCommand(set, c.jsonFlag(list))
	return cmd
}
