package config

import (
	"strconv"
	"strings"
	"time"
)

// Key describes one setting. The name in aether.yaml is Name, its part before the dot being a section.
type Key struct {
	// Name is the setting's name, such as database.url.
	Name string
	// Flag is the command line flag, without dashes.
	Flag string
	// Env is Aether's own variable, read from the environment and from .env.
	Env string
	// Also are other variables that mean the same, in the order in which they are tried after Env.
	Also []string
	// Default is the default as text; if Derived is set it is prose.
	Default string
	// Derived says that the default depends on the machine or on other keys.
	Derived bool
	// Doc says what the setting does.
	Doc string
	// Example is the value shown in a new aether.yaml, in YAML; empty means the default.
	Example string
	// List says that the value is a list: a YAML sequence, or text with commas.
	List bool
	// Secret says that the value may hold a password and is shown masked.
	Secret bool

	set  func(*Config, given) error
	show func(*Config) string
}

// given is a value on its way into the Config.
type given struct {
	text    string   // of a scalar, after ${NAME} was replaced
	items   []string // of a list
	written string   // the text as written, for errors
	base    string   // what relative paths are relative to
	home    string   // what ~ stands for
}

// Keys returns every setting in the order in which they are documented and shown.
func Keys() []Key {
	keys := []Key{
		{
			Name: "data_dir", Default: "the platform's usual place", Derived: true,
			Doc:     "Folder that holds all state: the SQLite database, artifacts and the runs' work folders.",
			Example: "/var/lib/aether",
			set:     func(c *Config, g given) (err error) { c.DataDir, err = parseDir(g); return err },
			show:    func(c *Config) string { return c.DataDir },
		},
		{
			Name: "app_name", Also: []string{"DBOS_APP_NAME"}, Default: "aether",
			Doc:  "Name of this application in DBOS; processes that share a database and a name share their runs.",
			set:  func(c *Config, g given) (err error) { c.AppName, err = parseAppName(g); return err },
			show: func(c *Config) string { return c.AppName },
		},
		{
			Name: "local_mode", Also: []string{"DBOS_LOCAL_MODE"}, Default: "false",
			Doc:  "Stay off remote databases: use a PostgreSQL URL only if its host is local, else SQLite.",
			set:  func(c *Config, g given) (err error) { c.LocalMode, err = parseBool(g); return err },
			show: func(c *Config) string { return strconv.FormatBool(c.LocalMode) },
		},
		{
			Name: "database.url", Also: []string{"DBOS_SYSTEM_DATABASE_URL", "DBOS_DATABASE_URL", "SUPABASE_URL"},
			Default: "sqlite:<data_dir>/aether.db", Derived: true, Secret: true,
			Doc:     "Database: postgres://, postgresql://, key=value or sqlite:PATH. Write ${DB_PASSWORD} for the password; it is encoded for you.",
			Example: `"postgresql://aether:${DB_PASSWORD}@localhost:5432/aether?sslmode=prefer"`,
			show:    func(c *Config) string { return c.Database.URL.String() },
		},
		{
			Name: "database.schema", Default: "aether",
			Doc:  "PostgreSQL schema of Aether's own tables. DBOS keeps its tables in the schema dbos.",
			set:  func(c *Config, g given) (err error) { c.Database.Schema, err = parseSchema(g); return err },
			show: func(c *Config) string { return c.Database.Schema },
		},
		{
			Name: "database.max_conns", Default: "10",
			Doc:  "Most PostgreSQL connections that one process opens.",
			set:  func(c *Config, g given) (err error) { c.Database.MaxConns, err = parseInt(g, 2, 1000); return err },
			show: func(c *Config) string { return strconv.Itoa(c.Database.MaxConns) },
		},
		{
			Name: "log_level", Also: []string{"DBOS_LOG_LEVEL"}, Default: "info",
			Doc:  "Lowest level that is logged: debug, info, warn or error.",
			set:  func(c *Config, g given) (err error) { c.LogLevel, err = parseLevel(g); return err },
			show: func(c *Config) string { return strings.ToLower(c.LogLevel.String()) },
		},
		{
			Name: "log_format", Default: "text",
			Doc:  "Form of log lines: text or json.",
			set:  func(c *Config, g given) (err error) { c.LogFormat, err = parseOneOf(g, "text", "json"); return err },
			show: func(c *Config) string { return c.LogFormat },
		},
		{
			Name: "files.roots", Default: "the current folder, <data_dir>/work, the temporary folder", Derived: true, List: true,
			Doc:     "Folders that file nodes may read and write, with all below them. / allows everything.",
			Example: `[".", "~/Documents/invoices"]`,
			set:     func(c *Config, g given) (err error) { c.Files.Roots, err = parsePaths(g); return err },
			show:    func(c *Config) string { return showList(c.Files.Roots) },
		},
		{
			Name: "server.public_url", Default: "",
			Doc:     "Address under which people reach the server's pages, for links that flows send to them. Empty is the address that the server listens on. Robots that are processes of their own need it too.",
			Example: "https://aether.example.com",
			set:     func(c *Config, g given) (err error) { c.Server.PublicURL, err = parsePublic(g); return err },
			show:    func(c *Config) string { return showText(c.Server.PublicURL) },
		},
		{
			Name: "http.allow", Default: "", List: true,
			Doc:     "Hosts (globs), addresses and CIDR ranges that nodes may reach. Empty allows all that is not denied.",
			Example: `["*.example.com", "10.0.0.0/8"]`,
			set:     func(c *Config, g given) (err error) { c.HTTP.Allow, err = parseHosts(g); return err },
			show:    func(c *Config) string { return showList(c.HTTP.Allow) },
		},
		{
			Name: "http.deny", Default: strings.Join(metadataRanges(), ", "), List: true,
			Doc:     "Hosts, addresses and ranges that nodes may not reach; wins over http.allow. The default ranges (cloud metadata) stay denied with any list, unless http.allow names an address in them.",
			Example: `["*.internal.example.com"]`,
			set:     func(c *Config, g given) (err error) { c.HTTP.Deny, err = parseHosts(g); return err },
			show:    func(c *Config) string { return showList(c.HTTP.Deny) },
		},
		{
			Name: "http.allow_private", Default: "true",
			Doc:  "Whether nodes may reach loopback and private ranges.",
			set:  func(c *Config, g given) (err error) { c.HTTP.AllowPrivate, err = parseBool(g); return err },
			show: func(c *Config) string { return strconv.FormatBool(c.HTTP.AllowPrivate) },
		},
		{
			Name: "script.memory", Default: "256MiB",
			Doc:  "Most memory that one script may hold.",
			set:  func(c *Config, g given) (err error) { c.Script.Memory, err = parseSize(g); return err },
			show: func(c *Config) string { return showSize(c.Script.Memory) },
		},
		{
			Name: "script.timeout", Default: "30s",
			Doc: "Longest that one script may run.",
			set: func(c *Config, g given) (err error) {
				c.Script.Timeout, err = parseDuration(g, time.Millisecond)
				return err
			},
			show: func(c *Config) string { return showDuration(c.Script.Timeout) },
		},
		{
			Name: "browser.make", Default: "",
			Doc:     "Make of the browser that flows work in: chromium (Chrome, Chromium, Edge or Brave) or firefox. Empty is that of browser.path, or chromium, or firefox where there is only that. A flow may say otherwise in web.open.",
			Example: "firefox",
			set: func(c *Config, g given) (err error) {
				if c.Browser.Make = ""; g.text != "" {
					c.Browser.Make, err = parseOneOf(g, "chromium", "firefox")
				}
				return err
			},
			show: func(c *Config) string { return showText(c.Browser.Make) },
		},
		{
			Name: "browser.path", Default: "",
			Doc:     "Program of the browser that flows work in. Empty looks for Chrome, Chromium, Edge and Brave, in that order, and for Firefox if browser.make says so or there is no other.",
			Example: "/usr/bin/chromium",
			set:     func(c *Config, g given) (err error) { c.Browser.Path, err = parseOptionalPath(g); return err },
			show:    func(c *Config) string { return showText(c.Browser.Path) },
		},
		{
			Name: "browser.headless", Default: "true",
			Doc:  "Whether browsers work without a window. A flow may say otherwise in web.open.",
			set:  func(c *Config, g given) (err error) { c.Browser.Headless, err = parseBool(g); return err },
			show: func(c *Config) string { return strconv.FormatBool(c.Browser.Headless) },
		},
		{
			Name: "browser.no_sandbox", Default: "false",
			Doc:  "Whether the browser runs without its sandbox: some containers cannot have it, and root never has it. A page that breaks out of the browser then has the robot's rights.",
			set:  func(c *Config, g given) (err error) { c.Browser.NoSandbox, err = parseBool(g); return err },
			show: func(c *Config) string { return strconv.FormatBool(c.Browser.NoSandbox) },
		},
		{
			Name: "browser.proxy", Default: "",
			Doc:     "Server that browsers load pages through.",
			Example: "http://proxy.example.com:3128",
			set:     func(c *Config, g given) (err error) { c.Browser.Proxy, err = parseServer(g); return err },
			show:    func(c *Config) string { return showText(c.Browser.Proxy) },
		},
		{
			Name: "browser.idle", Default: "1m",
			Doc:  "How long a browser that no run uses is kept, so that the next run begins at once; 0 ends it with its run.",
			set:  func(c *Config, g given) (err error) { c.Browser.Idle, err = parseDuration(g, 0); return err },
			show: func(c *Config) string { return showDuration(c.Browser.Idle) },
		},
		{
			Name: "heal.policy", Default: "propose",
			Doc: "What to do about an element of a page that its target does not find any more: off fails; recommend fails and reports what was probably meant; run goes on with what was surely meant; propose does that and proposes the repaired target to a person. settings.heal of a flow, and the param heal of a node, win over it.",
			set: func(c *Config, g given) (err error) {
				c.Heal.Policy, err = parseOneOf(g, "off", "recommend", "run", "propose")
				return err
			},
			show: func(c *Config) string { return c.Heal.Policy },
		},
		{
			Name: "heal.model_url", Default: "",
			Doc:     "Endpoint of a language model, up to its version, that speaks OpenAI's chat completions. It is asked which of a few elements is meant where the evidence leaves that in doubt and a wrong one does no harm; it may choose one or none. It sees what the elements look like, and the page's address. Empty asks nobody.",
			Example: "https://api.example.com/v1",
			set:     func(c *Config, g given) (err error) { c.Heal.Model.URL, err = parseEndpoint(g); return err },
			show:    func(c *Config) string { return showText(c.Heal.Model.URL) },
		},
		{
			Name: "heal.model", Default: "",
			Doc:     "Name of the model at heal.model_url.",
			Example: "small-model",
			set:     func(c *Config, g given) error { c.Heal.Model.Name = g.text; return nil },
			show:    func(c *Config) string { return showText(c.Heal.Model.Name) },
		},
		{
			Name: "heal.model_key", Default: "",
			Doc:     "Name of the secret that holds the key for heal.model_url, as flows name secrets; the key itself stands in no setting. Empty sends none.",
			Example: "model-key",
			set:     func(c *Config, g given) error { c.Heal.Model.Key = g.text; return nil },
			show:    func(c *Config) string { return showText(c.Heal.Model.Key) },
		},
		{
			Name: "heal.model_timeout", Default: "10s",
			Doc: "How long the model may take for an answer, and never longer than the step has.",
			set: func(c *Config, g given) (err error) {
				c.Heal.Model.Timeout, err = parseDuration(g, time.Second)
				return err
			},
			show: func(c *Config) string { return showDuration(c.Heal.Model.Timeout) },
		},
		{
			Name: "trace.keep", Default: "failure",
			Doc: "When the trace of browser work is kept: always keeps pages and pictures of every step, failure those of the steps that failed if the run fails, never nothing. settings.trace of a flow wins over it.",
			set: func(c *Config, g given) (err error) {
				c.Trace.Keep, err = parseOneOf(g, "always", "failure", "never")
				return err
			},
			show: func(c *Config) string { return c.Trace.Keep },
		},
		{
			Name: "retention.runs", Default: "30d",
			Doc:  "How long after its end a run is removed, with its records, journal and artifacts; 0 keeps runs for ever. settings.retention of a flow wins over it.",
			set:  func(c *Config, g given) (err error) { c.Retention.Runs, err = parseDuration(g, 0); return err },
			show: func(c *Config) string { return showDuration(c.Retention.Runs) },
		},
		{
			Name: "retention.failed", Default: "90d",
			Doc:  "The same for runs that failed, with their dead letters.",
			set:  func(c *Config, g given) (err error) { c.Retention.Failed, err = parseDuration(g, 0); return err },
			show: func(c *Config) string { return showDuration(c.Retention.Failed) },
		},
		{
			Name: "retention.max_runs", Default: "10000",
			Doc:  "Most finished runs that are kept; 0 means no limit.",
			set:  func(c *Config, g given) (err error) { c.Retention.MaxRuns, err = parseInt(g, 0, 1<<31-1); return err },
			show: func(c *Config) string { return strconv.Itoa(c.Retention.MaxRuns) },
		},
		{
			Name: "retention.items", Default: "90d",
			Doc:  "How long after its end a work item is removed, with the files that nothing else uses; 0 keeps items for ever. A chain of retries goes whole, when its last item is so old.",
			set:  func(c *Config, g given) (err error) { c.Retention.Items, err = parseDuration(g, 0); return err },
			show: func(c *Config) string { return showDuration(c.Retention.Items) },
		},
		{
			Name: "vault.address", Default: "",
			Doc:     "URL of a HashiCorp Vault that secrets are read from, after the environment and the store. Set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, too.",
			Example: "https://vault.example.com:8200",
			set:     func(c *Config, g given) (err error) { c.Vault.Address, err = parseServer(g); return err },
			show:    func(c *Config) string { return showText(c.Vault.Address) },
		},
		{
			Name: "vault.mount", Default: "secret",
			Doc:  "Where the key-value engine is in Vault.",
			set:  func(c *Config, g given) (err error) { c.Vault.Mount, err = parseVaultPath(g); return err },
			show: func(c *Config) string { return c.Vault.Mount },
		},
		{
			Name: "vault.version", Default: "2",
			Doc:  "Version of the key-value engine: 1 or 2.",
			set:  func(c *Config, g given) (err error) { c.Vault.Version, err = parseInt(g, 1, 2); return err },
			show: func(c *Config) string { return strconv.Itoa(c.Vault.Version) },
		},
		{
			Name: "vault.path", Default: "",
			Doc:     "Folder in the mount that flows may read from; empty means all of it.",
			Example: "aether",
			set:     func(c *Config, g given) (err error) { c.Vault.Path, err = parseVaultPath(g); return err },
			show:    func(c *Config) string { return showText(c.Vault.Path) },
		},
		{
			Name: "vault.namespace", Default: "",
			Doc:     "Namespace of Vault Enterprise.",
			Example: "finance",
			set:     func(c *Config, g given) (err error) { c.Vault.Namespace, err = parseVaultPath(g); return err },
			show:    func(c *Config) string { return showText(c.Vault.Namespace) },
		},
		{
			Name: "vault.ca_file", Default: "",
			Doc:     "File of certificates (PEM) to trust for Vault, besides those of the system.",
			Example: "/etc/ssl/vault-ca.pem",
			set:     func(c *Config, g given) (err error) { c.Vault.CAFile, err = parseOptionalPath(g); return err },
			show:    func(c *Config) string { return showText(c.Vault.CAFile) },
		},
	}
	for i, k := range keys {
		keys[i].Flag = strings.NewReplacer(".", "-", "_", "-").Replace(k.Name)
		keys[i].Env = "AETHER_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
	}
	return keys
}

func showText(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func showList(items []string) string {
	if len(items) == 0 {
		return "(none)"
	}
	return strings.Join(items, ", ")
}
