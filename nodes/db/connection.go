package db

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	ora "github.com/sijms/go-ora/v2"
	_ "modernc.org/sqlite" // registers the driver sqlite

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// connection says which database and as whom. It is the same in every node of
// the family.
type connection struct {
	Driver   string        `json:"driver" is:"required" enum:"sqlite,postgres,mysql,sqlserver,oracle" doc:"Kind of database; mysql is MariaDB too."`
	File     string        `json:"file" when:"driver=sqlite" widget:"file" doc:"File of an SQLite database; it is made if it is not there."`
	Host     string        `json:"host" doc:"Name or address of the server."`
	Port     int           `json:"port" min:"0" max:"65535" doc:"Port; 0 takes the usual one of the kind."`
	Database string        `json:"database" doc:"Name of the database; for Oracle the service."`
	User     string        `json:"user" doc:"Name of the user."`
	Password vault.Secret  `json:"password" doc:"Password."`
	URL      vault.Secret  `json:"url" is:"advanced" doc:"Address with all of the above in the form of the driver, instead of them, for instance postgres://user:password@host/database. It is a secret because it holds the password."`
	TLS      string        `json:"tls" default:"prefer" enum:"prefer,require,verify,none" doc:"prefer encrypts if the server can, require fails otherwise, verify checks the server's certificate too, none never encrypts."`
	Timeout  time.Duration `json:"timeout" default:"30s" min:"0.1" is:"advanced" doc:"How long connecting may take."`
}

// usualPorts are the ports of servers.
var usualPorts = map[string]int{"postgres": 5432, "mysql": 3306, "sqlserver": 1433, "oracle": 1521}

func (c connection) check() error {
	switch {
	case c.Driver == "sqlite" && c.File == "" && c.URL.Empty():
		return errors.New("give the file of the SQLite database")
	case c.Driver != "sqlite" && c.Driver != "" && c.Host == "" && c.URL.Empty():
		return errors.New("give host, or url")
	}
	return nil
}

// fail turns an error of a driver into a failure, without secrets: drivers put
// addresses with passwords into their texts.
func (c connection) fail(err error, doing string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var f *node.Failure
	if errors.As(err, &f) {
		return err
	}
	text := err.Error()
	for _, s := range []string{c.Password.Reveal(), url.QueryEscape(c.Password.Reveal()), url.PathEscape(c.Password.Reveal()), c.URL.Reveal()} {
		if len(s) > 0 {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	kind, hint := node.KindError, ""
	var netErr net.Error
	low := strings.ToLower(text)
	switch {
	case errors.As(err, &netErr), strings.Contains(low, "connection refused"), strings.Contains(low, "no such host"), strings.Contains(low, "bad connection"):
		kind, hint = node.KindNetwork, "look whether host and port are right and the server runs"
	case strings.Contains(low, "password authentication"), strings.Contains(low, "access denied"), strings.Contains(low, "login failed"):
		kind, hint = node.KindDenied, "look at user and password"
	case strings.Contains(low, "syntax"), strings.Contains(low, "no such table"), strings.Contains(low, "does not exist"), strings.Contains(low, "doesn't exist"):
		kind, hint = node.KindInput, "look at the statement"
	case strings.Contains(low, "unique"), strings.Contains(low, "duplicate"), strings.Contains(low, "constraint"):
		kind = node.KindInput
	}
	out := node.Fail(kind, doing+": "+text, hint)
	out.Code = sqlState(err)
	out.Permanent = kind == node.KindInput
	return out
}

// pools holds an open database for each set of settings. database/sql notices
// broken connections and redials before a statement is sent, never after.
var pools = struct {
	sync.Mutex
	m map[string]*pool
}{m: map[string]*pool{}}

type pool struct {
	db    *sql.DB
	used  int
	timer *time.Timer
}

// idleClose is how long an unused pool stays open.
const idleClose = time.Minute

// open returns the database of a connection; call release when done with it.
func (c connection) open(env *node.Env) (db *sql.DB, release func(), err error) {
	if c.Driver == "sqlite" && c.URL.Empty() {
		path, err := env.Files.Abs(c.File)
		if err != nil {
			return nil, nil, err
		}
		c.File = path
	}
	key := c.key()
	pools.Lock()
	defer pools.Unlock()
	p := pools.m[key]
	if p == nil {
		db, err := c.connect(env)
		if err != nil {
			return nil, nil, c.fail(err, "connecting")
		}
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(2)
		db.SetConnMaxIdleTime(idleClose)
		p = &pool{db: db}
		pools.m[key] = p
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.used++
	return p.db, func() {
		pools.Lock()
		defer pools.Unlock()
		if p.used--; p.used == 0 {
			p.timer = time.AfterFunc(idleClose, func() {
				pools.Lock()
				defer pools.Unlock()
				if p.used == 0 && pools.m[key] == p {
					delete(pools.m, key)
					_ = p.db.Close() // nothing is in use
				}
			})
		}
	}, nil
}

func (c connection) key() string {
	b, err := json.Marshal([]any{c.Driver, c.File, c.Host, c.Port, c.Database, c.User, c.Password.Reveal(), c.URL.Reveal(), c.TLS, c.Timeout})
	if err != nil {
		return c.Driver + c.Host
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// connect makes the handle; all drivers but SQLite dial through env.
func (c connection) connect(env *node.Env) (*sql.DB, error) {
	port := c.Port
	if port == 0 {
		port = usualPorts[c.Driver]
	}
	host := strings.Trim(c.Host, "[]")
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		return env.Dial(ctx, network, addr)
	}
	switch c.Driver {
	case "sqlite":
		dsn := "file:" + (&url.URL{Path: c.File}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(wal)"
		if !c.URL.Empty() {
			return nil, node.Fail(node.KindInput, "SQLite takes a file, not a url", "give the param file")
		}
		return sql.Open("sqlite", dsn)
	case "postgres":
		dsn := c.URL.Reveal()
		if dsn == "" {
			mode := map[string]string{"prefer": "prefer", "require": "require", "verify": "verify-full", "none": "disable"}[c.TLS]
			u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(host, strconv.Itoa(port)), Path: "/" + c.Database, RawQuery: "sslmode=" + mode}
			if c.User != "" {
				u.User = url.UserPassword(c.User, c.Password.Reveal())
			}
			dsn = u.String()
		}
		cfg, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, err
		}
		cfg.DialFunc = dial
		cfg.ConnectTimeout = c.Timeout
		cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // env.Dial resolves
		return stdlib.OpenDB(*cfg), nil
	case "mysql":
		cfg := mysql.NewConfig()
		if !c.URL.Empty() {
			var err error
			if cfg, err = mysql.ParseDSN(c.URL.Reveal()); err != nil {
				return nil, err
			}
		} else {
			cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr = c.User, c.Password.Reveal(), c.Database, "tcp", net.JoinHostPort(host, strconv.Itoa(port))
			cfg.TLSConfig = map[string]string{"prefer": "preferred", "require": "skip-verify", "verify": "true", "none": "false"}[c.TLS]
		}
		cfg.ParseTime, cfg.Timeout, cfg.MultiStatements, cfg.InterpolateParams = true, c.Timeout, false, false
		cfg.DialFunc = dial
		con, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(con), nil
	case "sqlserver":
		dsn := c.URL.Reveal()
		if dsn == "" {
			q := url.Values{"database": {c.Database}, "dial timeout": {strconv.Itoa(int(c.Timeout.Seconds()))}}
			switch c.TLS {
			case "none":
				q.Set("encrypt", "disable")
			case "verify":
				q.Set("encrypt", "true")
			case "require":
				q.Set("encrypt", "true")
				q.Set("TrustServerCertificate", "true")
			default:
				q.Set("encrypt", "false")
				q.Set("TrustServerCertificate", "true")
			}
			dsn = (&url.URL{Scheme: "sqlserver", User: url.UserPassword(c.User, c.Password.Reveal()), Host: net.JoinHostPort(host, strconv.Itoa(port)), RawQuery: q.Encode()}).String()
		}
		cfg, err := msdsn.Parse(dsn)
		if err != nil {
			return nil, err
		}
		con := mssql.NewConnectorConfig(cfg)
		con.Dialer = dialer(dial)
		return sql.OpenDB(con), nil
	case "oracle":
		dsn := c.URL.Reveal()
		if dsn == "" {
			opt := map[string]string{"CONNECTION TIMEOUT": strconv.Itoa(int(c.Timeout.Seconds()))}
			if c.TLS == "require" || c.TLS == "verify" {
				opt["SSL"], opt["SSL VERIFY"] = "true", strconv.FormatBool(c.TLS == "verify")
			}
			dsn = ora.BuildUrl(host, port, c.Database, c.User, c.Password.Reveal(), opt)
		}
		con, ok := ora.NewConnector(dsn).(*ora.OracleConnector)
		if !ok {
			return nil, errors.New("the Oracle driver has changed")
		}
		con.Dialer(dialer(dial))
		if c.TLS == "verify" {
			con.WithTLSConfig(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
		}
		return sql.OpenDB(con), nil
	}
	return nil, fmt.Errorf("there is no kind of database %q", c.Driver)
}

// dialer lets a function be what drivers want.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// DialContext implements the dialers of the drivers.
func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}
