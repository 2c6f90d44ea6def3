// Package config turns flags, environment, .env, aether.yaml and a DBOS file into one typed Config.
//
// Sources, the first that has a value wins: flags, the environment, .env, aether.yaml, an existing
// dbos-config.yaml or dbos.yaml, defaults. Within the environment and within .env an AETHER_ name
// comes before the names of others that mean the same (AETHER_DATABASE_URL, DBOS_SYSTEM_DATABASE_URL,
// DBOS_DATABASE_URL, then SUPABASE_URL with SUPABASE_DB_PASSWORD). An empty variable is an unset one.
//
// Keys is the authority: parsing, `config show`, the aether.yaml of Init and the table in
// docs/configuration.md are all read off it. The package reads no environment and keeps no state:
// all that it knows comes in with Inputs. No secret is in any Value, error or print of a Config.
package config

import (
	"log/slog"
	"path/filepath"
	"slices"
	"time"
)

// Kinds of database, as in Database.Kind.
const (
	KindSQLite   = "sqlite"
	KindPostgres = "postgres"
)

// Config is the whole configuration of one process. Load fills and checks it; nobody changes it after.
type Config struct {
	// DataDir is the absolute folder that holds all state: the SQLite file, artifacts, work folders.
	// Load does not create it.
	DataDir string
	// Database says where runs and their journal are stored.
	Database Database
	// AppName names this application to DBOS: 3 to 256 of a-z, 0-9, dash and underscore.
	AppName string
	// LogLevel is the lowest level that is logged.
	LogLevel slog.Level
	// LogFormat is text or json.
	LogFormat string
	// LocalMode keeps the process off remote databases: it uses a local PostgreSQL if a URL of one
	// is given, else SQLite.
	LocalMode bool
	// Files limits the file nodes.
	Files Files
	// Server says how people reach the server.
	Server Server
	// HTTP is the egress policy of nodes that open connections.
	HTTP HTTP
	// Script limits script nodes.
	Script Script
	// Browser says which browser flows work in.
	Browser Browser
	// Heal says what to do about elements of pages that are not found any more.
	Heal Heal
	// Trace says what is kept of what flows do in browsers.
	Trace Trace
	// Retention says how long finished runs and work items are kept.
	Retention Retention
	// Vault says which HashiCorp Vault secrets are read from.
	Vault Vault

	// dotenv is a function so that no print of a Config shows what it knows.
	dotenv func(name string) (string, bool)
}

// DotEnv returns a variable of the .env file: secrets of flows may be kept there.
func (c *Config) DotEnv(name string) (string, bool) {
	if c.dotenv == nil {
		return "", false
	}
	return c.dotenv(name)
}

// Server says how people reach the server.
type Server struct {
	// PublicURL is what links to its pages begin with, without a slash at the end; "" for the address it listens on.
	PublicURL string
}

// Database says which database to use and how.
type Database struct {
	// URL is the connection string with its password: postgres://, postgresql://, key=value or
	// sqlite:PATH with an absolute path. It prints masked; Reveal is for the code that connects.
	URL Secret
	// Kind is KindSQLite or KindPostgres, derived from URL.
	Kind string
	// Schema is the PostgreSQL schema of Aether's own tables. DBOS keeps to its own, "dbos".
	// SQLite has no schemas and ignores it.
	Schema string
	// MaxConns is the size of the PostgreSQL connection pool.
	MaxConns int
}

// Path returns the file of a SQLite database, ":memory:", or "" for PostgreSQL.
func (d Database) Path() string {
	return sqlitePath(d.URL.Reveal())
}

// Files limits what file nodes may touch.
type Files struct {
	// Roots are the absolute folders that file nodes may read and write, with all below them.
	// The root folder "/" allows everything.
	Roots []string
}

// HTTP is the egress policy. Deny wins over Allow; an empty Allow allows every host that is not denied.
type HTTP struct {
	// Allow lists host globs (*.example.com), addresses and CIDR ranges; empty means all.
	Allow []string
	// Deny lists the same kinds of entries. Load appends the cloud metadata ranges, unless Allow
	// names an address in them.
	Deny []string
	// AllowPrivate says whether loopback and private ranges may be reached: on a laptop, where most
	// robots work, intranet pages are the usual target.
	AllowPrivate bool
}

// Script limits script nodes.
type Script struct {
	// Memory is the most bytes one script may hold.
	Memory int64
	// Timeout ends a script that runs longer.
	Timeout time.Duration
}

// Restricts reports whether flows may not reach all that can be reached, cloud metadata aside.
func (h HTTP) Restricts() bool {
	return len(h.Allow) > 0 || !h.AllowPrivate || slices.ContainsFunc(h.Deny, func(rule string) bool { return !slices.Contains(metadataRanges(), rule) })
}

// Browser says which browser flows work in.
type Browser struct {
	// Make is chromium or firefox; empty is that of Path, or what is there.
	Make string
	// Path is the program; empty looks for Chrome, Chromium, Edge, Brave or Firefox.
	Path string
	// Headless starts browsers without a window.
	Headless bool
	// NoSandbox starts them without Chromium's sandbox.
	NoSandbox bool
	// Proxy is the server that pages are loaded through.
	Proxy string
	// Idle is how long a browser that no run uses is kept.
	Idle time.Duration
}

// Trace says what is kept of what flows do in browsers.
type Trace struct {
	// Keep is always, failure or never.
	Keep string
}

// Heal says what to do about elements of pages that their targets do not find any more.
type Heal struct {
	// Policy is off, recommend, run or propose.
	Policy string
	// Model is a language model that is asked where an element is in doubt.
	Model Model
}

// Model is a language model at an endpoint that speaks OpenAI's chat completions.
type Model struct {
	// URL is the endpoint up to its version; empty means that there is none.
	URL string
	// Name is the model's name there.
	Name string
	// Key names the secret that holds the endpoint's key; empty means that it needs none.
	Key string
	// Timeout is how long an answer may take.
	Timeout time.Duration
}

// Retention says how long finished runs and work items are kept. Whichever limit is reached first applies.
type Retention struct {
	// Runs is how long after its end a run is removed; 0 keeps runs for ever.
	Runs time.Duration
	// Failed is the same for runs that failed.
	Failed time.Duration
	// MaxRuns is how many finished runs are kept; 0 means no limit.
	MaxRuns int
	// Items is how long after its end a work item is removed; 0 keeps items for ever.
	Items time.Duration
}

// Vault says which HashiCorp Vault secrets are read from, after the environment and the store. Tokens
// are no settings: they are read from VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID.
type Vault struct {
	// Address is the URL of the server; empty if there is none.
	Address string
	// Mount is where its key-value engine is, and Version the version of that: 1 or 2.
	Mount   string
	Version int
	// Path is the folder in the mount that all references are below; empty for all of it.
	Path string
	// Namespace is that of Vault Enterprise; usually empty.
	Namespace string
	// CAFile is the absolute path of certificates to trust besides those of the system; empty for none.
	CAFile string
}

// WorkDir returns the folder under DataDir in which each run gets its own work folder.
func (c *Config) WorkDir() string {
	return filepath.Join(c.DataDir, "work")
}

// KeyFile returns the file under DataDir that holds the key of the secret store, if no variable says
// otherwise.
func (c *Config) KeyFile() string {
	return filepath.Join(c.DataDir, "secret.key")
}

// Value is one effective setting, for `config show`.
type Value struct {
	// Key is the name in aether.yaml, such as database.url.
	Key string `json:"key"`
	// Display is the value as text, masked if it holds a secret.
	Display string `json:"value"`
	// Source says where the value is from: "flag --database-url", "environment AETHER_DATABASE_URL",
	// ".env line 3", "aether.yaml line 12", "dbos-config.yaml line 4" or "default"; sometimes with a
	// remark in parentheses on what was passed over.
	Source string `json:"source"`
	// Secret says that Display is masked.
	Secret bool `json:"secret,omitempty"`
}
