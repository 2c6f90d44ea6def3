package db

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"database/sql"
	"sync"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// connection says which database and as whom. It is the same in every node of
// the family.
type connection struct {
	Driver   string        `json:"driver" is:"required" enum:"sqlite,postgres,mysql,sqlserver,oracle" doc:"Kind of database; mysql is MariaDB too."`
	File     string        `json:"file" when:"driver=sqlite" widget:"file" doc:"File of an SQLite database. Nodes that write make it if it is not there; nodes that read say so."`
	Host     string        `json:"host" doc:"Name or address of the server."`
	Port     int           `json:"port" min:"0" max:"65535" doc:"Port; 0 takes the usual one of the kind."`
	Database string        `json:"database" doc:"Name of the database; for Oracle the service."`
	User     string        `json:"user" doc:"Name of the user."`
	Password vault.Secret  `json:"password" doc:"Password."`
	URL      vault.Secret  `json:"url" is:"advanced" doc:"Address with all of the above in the form of the driver, instead of them, for instance postgres://user:password@host/database. It is a secret because it holds the password."`
	TLS      string        `json:"tls" default:"prefer" enum:"prefer,require,verify,none" doc:"prefer encrypts if the server can, require fails otherwise, verify checks the server's certificate too, none never encrypts. For SQL Server prefer is require, for Oracle it is none. With url, the address says it."`
	CAFile   string        `json:"ca_file" widget:"file" is:"advanced" doc:"File with certificates (PEM) that verify trusts besides those of the system, for a server with a certificate of your own."`
	Timeout  time.Duration `json:"timeout" default:"30s" min:"0.1" is:"advanced" doc:"How long connecting may take."`
	Session  string        `json:"session" is:"advanced" doc:"Transaction that the node is part of: the output session of db.begin. Empty for none."`
}

// usualPorts are the ports of servers.
var usualPorts = map[string]int{"postgres": 5432, "mysql": 3306, "sqlserver": 1433, "oracle": 1521}

func (c connection) check() error {
	switch {
	case c.Driver == "sqlite" && !c.URL.Empty():
		return errors.New("SQLite takes a file, not a url")
	case c.Driver == "sqlite" && c.File == "":
		return errors.New("give the file of the SQLite database")
	case c.Driver != "sqlite" && c.Driver != "" && c.Host == "" && c.URL.Empty():
		return errors.New("give host, or url")
	case c.CAFile != "" && c.TLS != "verify":
		return errors.New("ca_file is only looked at with tls: verify")
	case c.CAFile != "" && !c.URL.Empty():
		return errors.New("ca_file does not go with url; give host, user and password")
	}
	return nil
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
// With create, the file of an SQLite database is made if it is not there.
func (c connection) open(env *node.Env, create bool) (db *sql.DB, release func(), err error) {
	if c.Driver == "sqlite" {
		if c.File, err = sqliteFile(env, c.File, create); err != nil {
			return nil, nil, err
		}
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
	return p.db, sync.OnceFunc(func() { c.release(key, p) }), nil
}

// release gives a pool back. That of an SQLite file is closed at once: the file
// may be copied, replaced or deleted by the next step, and must then hold all
// there is and be held by nobody.
func (c connection) release(key string, p *pool) {
	pools.Lock()
	defer pools.Unlock()
	if p.used--; p.used > 0 {
		return
	}
	end := func() {
		if p.used == 0 && pools.m[key] == p {
			delete(pools.m, key)
			_ = p.db.Close() // nothing is in use
		}
	}
	if c.Driver == "sqlite" {
		end()
		return
	}
	p.timer = time.AfterFunc(idleClose, func() {
		pools.Lock()
		defer pools.Unlock()
		end()
	})
}

// key names the settings, secrets and all, without showing them.
func (c connection) key() string {
	b, err := json.Marshal([]any{c.Driver, c.File, c.Host, c.Port, c.Database, c.User, c.Password.Reveal(), c.URL.Reveal(), c.TLS, c.CAFile, c.Timeout})
	if err != nil {
		return c.Driver + c.Host
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
