package db

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
	ora "github.com/sijms/go-ora/v2"

	"github.com/aether-rpa/aether/node"
)

// connect makes the handle; all drivers but SQLite dial through env.
func (c connection) connect(env *node.Env) (*sql.DB, error) {
	if c.Port == 0 {
		c.Port = usualPorts[c.Driver]
	}
	c.Host = strings.Trim(c.Host, "[]")
	through := env.Dial // env is of one step, and the pool lives longer
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, c.Timeout)
		defer cancel()
		return through(ctx, network, addr)
	}
	verify, err := c.verified(env)
	if err != nil {
		return nil, err
	}
	switch c.Driver {
	case "sqlite":
		return sql.Open("sqlite", sqliteDSN(c.File))
	case "postgres":
		return c.postgres(dial, verify)
	case "mysql":
		return c.mysql(dial, verify)
	case "sqlserver":
		return c.sqlserver(dial, verify)
	case "oracle":
		return c.oracle(dial, verify)
	}
	return nil, fmt.Errorf("there is no kind of database %q", c.Driver)
}

// verified returns the settings that check the server's certificate, nil
// unless the flow asks for that.
func (c connection) verified(env *node.Env) (*tls.Config, error) {
	if c.TLS != "verify" || !c.URL.Empty() || c.Driver == "sqlite" {
		return nil, nil
	}
	cfg := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return cfg, nil
	}
	f, err := env.Files.Open(c.CAFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	pem, err := io.ReadAll(io.LimitReader(f, 4<<20))
	if err != nil {
		return nil, err
	}
	if cfg.RootCAs, err = x509.SystemCertPool(); err != nil {
		cfg.RootCAs = x509.NewCertPool()
	}
	if !cfg.RootCAs.AppendCertsFromPEM(pem) {
		return nil, node.Fail(node.KindInput, c.CAFile+" holds no certificate", "give a file in PEM format")
	}
	return cfg, nil
}

func (c connection) addr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

func (c connection) mysql(dial dialer, verify *tls.Config) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	if !c.URL.Empty() {
		var err error
		if cfg, err = mysql.ParseDSN(c.URL.Reveal()); err != nil {
			return nil, errors.New("the url is no address of a MySQL database, such as user:password@tcp(host:3306)/database")
		}
	} else {
		cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr = c.User, c.Password.Reveal(), c.Database, "tcp", c.addr()
		cfg.TLSConfig = map[string]string{"prefer": "preferred", "require": "skip-verify", "verify": "true", "none": "false"}[c.TLS]
		if verify != nil {
			cfg.TLS = verify
		}
	}
	// Times stay text, since a date of MySQL may be 0000-00-00; statements come
	// one at a time; the server may never ask for a file of this machine.
	cfg.ParseTime, cfg.MultiStatements, cfg.InterpolateParams, cfg.AllowAllFiles = false, false, false, false
	cfg.Timeout, cfg.DialFunc = c.Timeout, dial
	cfg.ClientFoundRows = false
	cfg.Logger = mysqlSilence{} // it would write to the terminal
	con, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(con), nil
}

// mysqlSilence drops what the driver logs: the same comes as an error.
type mysqlSilence struct{}

// Print implements the logger of the driver.
func (mysqlSilence) Print(...any) {}

func (c connection) sqlserver(dial dialer, verify *tls.Config) (*sql.DB, error) {
	dsn := c.URL.Reveal()
	if err := withoutFiles(dsn); err != nil {
		return nil, err
	}
	if dsn == "" {
		q := url.Values{"database": {c.Database}, "dial timeout": {strconv.Itoa(max(1, int(c.Timeout.Seconds())))}, "app name": {"aether"}}
		switch c.TLS {
		case "none":
			q.Set("encrypt", "disable")
		case "verify":
			q.Set("encrypt", "true")
		default: // every SQL Server since 2005 can encrypt
			q.Set("encrypt", "true")
			q.Set("TrustServerCertificate", "true")
		}
		dsn = (&url.URL{Scheme: "sqlserver", User: url.UserPassword(c.User, c.Password.Reveal()), Host: c.addr(), RawQuery: q.Encode()}).String()
	}
	cfg, err := msdsn.Parse(dsn)
	if err != nil {
		return nil, errors.New("the url is no address of an SQL Server, such as sqlserver://user:password@host:1433?database=name")
	}
	if verify != nil {
		cfg.TLSConfig = verify
	}
	con := mssql.NewConnectorConfig(cfg)
	con.Dialer = hostDialer{dial, cfg.Host}
	return sql.OpenDB(con), nil
}

func (c connection) oracle(dial dialer, verify *tls.Config) (*sql.DB, error) {
	dsn := c.URL.Reveal()
	if err := withoutFiles(dsn); err != nil {
		return nil, err
	}
	if dsn == "" {
		opt := map[string]string{"CONNECTION TIMEOUT": strconv.Itoa(max(1, int(c.Timeout.Seconds())))}
		if c.TLS == "require" || c.TLS == "verify" {
			opt["SSL"], opt["SSL VERIFY"] = "true", strconv.FormatBool(c.TLS == "verify")
		}
		dsn = ora.BuildUrl(c.Host, c.Port, c.Database, c.User, c.Password.Reveal(), opt)
	}
	con, ok := ora.NewConnector(dsn).(*ora.OracleConnector)
	if !ok {
		return nil, errors.New("the Oracle driver has changed")
	}
	con.Dialer(dial)
	if verify != nil {
		con.WithTLSConfig(verify)
	}
	return sql.OpenDB(con), nil
}

// dialer lets a function be what drivers want.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// DialContext implements the dialers of the drivers.
func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}

// hostDialer keeps the SQL Server driver from looking names up itself: the
// egress policy judges names too.
type hostDialer struct {
	dialer
	host string
}

// HostName implements the host dialer of the driver.
func (d hostDialer) HostName() string { return d.host }

// localFiles are settings of an address with which a driver would read or
// write files of this machine, past the folders a flow may use.
var localFiles = []string{"certificate", "trusted certificate", "wallet", "wallet_location", "trace file", "trace dir", "trace folder", "tracefile", "krb5-configfile", "krb5-keytabfile", "krb5-credcachefile"}

// withoutFiles refuses them.
func withoutFiles(address string) error {
	_, query, _ := strings.Cut(strings.ReplaceAll(address, ";", "&"), "?")
	for _, part := range strings.Split(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if k, err := url.QueryUnescape(key); err == nil {
			key = k
		}
		if key = strings.ToLower(strings.TrimSpace(key)); slices.Contains(localFiles, key) {
			return node.Fail(node.KindDenied, "the url sets "+key+", which names a file of this machine", "leave it out; give host and ca_file instead of url to check a certificate")
		}
	}
	return nil
}
