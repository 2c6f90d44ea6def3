package conformance

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/db/dbtest"
)

// feed runs the program with a text as its standard input.
func (h *home) feed(text string, args ...string) result {
	h.Helper()
	path := h.write("input.tmp", text)
	defer func() { _ = os.Remove(path) }()
	line := append([]string{"sh", "-c", `exec "$@" < input.tmp`, "sh", program}, args...)
	r := h.startLine(line...).wait(60 * time.Second)
	plain(h, r)
	return r
}

// keep stores a secret.
func (h *home) keep(name, value string, args ...string) result {
	h.Helper()
	r := h.feed(value, append([]string{"secret", "set", name, "--stdin"}, args...)...)
	if r.code != 0 {
		h.Fatalf("secret set %s: exit code %d\n%s", name, r.code, r.err)
	}
	return r
}

// secrets lists the names in the store.
func (h *home) secrets() string {
	h.Helper()
	var names []string
	for _, e := range decode[[]struct{ Name string }](h, h.want(0, "secret", "list", "--json").out) {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

// length is a flow whose output is the length of the secret X.
const length = "outputs: {n: '{{ nodes.a.stdout }}'}\nnodes:\n- {id: a, type: sys.run, params: {program: sh, args: ['-c', 'printf %s \"${#T}\"'], secret_env: {T: {secret: X}}}}\n"

// TestSecretStore goes through the life of a secret on the command line.
func TestSecretStore(t *testing.T) {
	fleets(t, func(t *testing.T, h *home) {
		const secret = "hunter2-but-longer"
		var printed []result
		add := func(r result) result {
			printed = append(printed, r)
			return r
		}
		if r := add(h.want(0, "secret", "list")); !strings.Contains(r.out, "aether secret set NAME") {
			t.Errorf("an empty store says:\n%s", r.out)
		}
		if len(h.env) > 0 { // PostgreSQL
			r := add(h.feed(secret, "secret", "set", "X", "--stdin"))
			if r.code != 1 {
				t.Errorf("without a key: exit code %d", r.code)
			}
			refused(t, r, "aether secret key new", "AETHER_SECRET_KEY")
			if r := h.want(0, "secret", "key", "new"); !strings.Contains(r.out, "every machine") {
				t.Errorf("it does not say to share the key:\n%s", r.out)
			}
		}
		add(h.keep("X", secret+"\n", "--description", "for the tests"))
		h.flow(length)
		if r := add(h.want(0, "run", "flow.yaml", "--json")); fmt.Sprint(last(t, r.out)["output"]) != "map[n:18]" {
			t.Errorf("the flow got %v", last(t, r.out)["output"])
		}
		if r := add(h.want(0, "secret", "list")); !strings.Contains(r.out, "for the tests") || strings.Contains(r.out, "never") {
			t.Errorf("the list says:\n%s", r.out)
		}
		if r := add(h.want(0, "doctor", "--no-browser")); !strings.Contains(r.out, "1 secret in the store") {
			t.Errorf("doctor says:\n%s", r.out)
		}
		add(h.keep("X", secret))
		add(h.keep("Y", "other-secret-value"))
		if got := h.secrets(); got != "X Y" {
			t.Errorf("the store has %s", got)
		}
		// A file is taken as it is; the environment comes first.
		h.write("two.txt", secret+"\n\n")
		add(h.want(0, "secret", "set", "X", "--file", "two.txt"))
		_ = os.Remove(filepath.Join(h.dir, "two.txt"))
		if r := add(h.want(0, "run", "flow.yaml", "--json", "--new")); fmt.Sprint(last(t, r.out)["output"]) != "map[n:20]" {
			t.Errorf("the flow got %v", last(t, r.out)["output"])
		}
		env := h.env
		h.env = append(h.env[:len(h.env):len(h.env)], "AETHER_SECRET_X=12345")
		if r := add(h.want(0, "run", "flow.yaml", "--json", "--new")); fmt.Sprint(last(t, r.out)["output"]) != "map[n:5]" {
			t.Errorf("the flow got %v", last(t, r.out)["output"])
		}
		if r := add(h.want(0, "secret", "list")); !strings.Contains(r.out, "X *") {
			t.Errorf("the list does not say that the environment comes first:\n%s", r.out)
		}
		h.env = env
		key := decode[struct {
			Fingerprint string
			Keys        []struct{ Public string }
		}](t, add(h.want(0, "secret", "key", "--json")).out)
		if len(key.Keys) != 1 || !strings.HasPrefix(key.Keys[0].Public, "age1") {
			t.Errorf("the key is %+v", key)
		}
		add(h.want(0, "secret", "delete", "Y"))
		refused(t, add(h.want(2, "secret", "delete", "Y", "X")), "nothing was deleted")
		refused(t, add(h.want(2, "secret", "delete", "--all")), "--yes")
		// The key lost, everything says so in a sentence; a new start is possible.
		if err := os.Rename(filepath.Join(h.data, "secret.key"), filepath.Join(h.dir, "lost.key")); err != nil {
			t.Fatal(err)
		}
		if r := add(h.want(1, "run", "flow.yaml", "--new")); !strings.Contains(r.out, "the secret store is locked") {
			t.Errorf("a run without the key says:\n%s", r.out)
		}
		refused(t, add(h.want(1, "robot")), "the secret store is locked")
		refused(t, add(h.want(1, "up", "--addr", "127.0.0.1:0")), "the secret store is locked")
		if r := add(h.want(1, "doctor", "--no-browser")); !strings.Contains(r.out, "!!  secrets") {
			t.Errorf("doctor says:\n%s", r.out)
		}
		add(h.want(0, "secret", "delete", "--all", "--yes"))
		if got := h.secrets(); got != "" {
			t.Errorf("the store has %s", got)
		}
		h.hidden(secret, printed...)
		h.hidden("other-secret-value", printed...)
		for _, r := range printed {
			if strings.Contains(r.out+r.err, "AGE-SECRET-KEY") {
				t.Errorf("the key was printed:\n%s%s", r.out, r.err)
			}
		}
	})
}

// TestSecretWrongCalls: wrong calls are refused, and repeat nothing that could
// be a value.
func TestSecretWrongCalls(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for _, args := range []string{
		"secret bogus", "secret set", "secret set X hunter2-value", "secret set X=hunter2-value", "secret set X", "secret set a/hunter2-value --stdin", "secret set KEY --stdin",
		"secret set X --stdin --file f", "secret set X --file nothing", "secret set X --stdin", "secret list x", "secret delete", "secret delete X", "secret delete X --all",
		"secret rotate", "secret rotate x", "secret key x", "secret key bogus", "secret key new x", "secret key new -o flow.yaml",
	} {
		h.write("flow.yaml", "is there")
		r := h.aether(strings.Fields(args)...)
		if r.code != 2 || r.out != "" || strings.Contains(r.err, "hunter2") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", args, r.code, r.out, r.err)
		}
		refused(t, r)
	}
	h.write("secret.txt", strings.Repeat("x", 2<<20))
	refused(t, h.want(2, "secret", "set", "X", "--file", "secret.txt"), "1 MiB")
	// A key for another place, on standard output or in a file that is new.
	r := h.want(0, "secret", "key", "new", "-o", "-")
	h.want(0, "secret", "key", "new", "-o", "new.key")
	if info, err := os.Stat(filepath.Join(h.dir, "new.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("new.key: %v, %v", info, err)
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	h.env = []string{"AETHER_SECRET_KEY=" + lines[len(lines)-1]}
	h.keep("X", "value")
	refused(t, h.want(2, "secret", "key", "new"), "AETHER_SECRET_KEY", "-o")
	refused(t, h.want(2, "secret", "rotate"), "aether secret key new")
	if _, err := os.Stat(filepath.Join(h.data, "secret.key")); err == nil {
		t.Error("a key file was made besides the variable")
	}
	// The key of the store is no secret of a flow, and no program sees it.
	h.flow(strings.ReplaceAll(length, "secret: X", "secret: KEY"))
	if r := h.want(1, "run", "flow.yaml"); !strings.Contains(r.out, "secret not found") {
		t.Errorf("a flow that asks for the key:\n%s", r.out)
	}
	h.env = append(h.env, "VAULT_TOKEN=vault-token-value", "VAULT_SECRET_ID=vault-id-value")
	h.flow("nodes:\n- {id: a, type: sys.run, params: {program: env}}\n")
	h.want(0, "run", "flow.yaml", "--id", "env")
	for _, s := range []string{h.env[0], "vault-token-value", "vault-id-value"} {
		if h.stored(s) {
			t.Errorf("a program saw %.20s…", s)
		}
	}
}

// TestSecretTyped types a value on a terminal, which does not show it.
func TestSecretTyped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, first, second string
		code                int
		says                string
	}{
		{"the same", "päss word-typed\r", "päss word-typed\r", 0, "Stored X"},
		{"corrected", "päss word-typex\x7fd\r", "wrong\x15päss word-typed\r", 0, "Stored X"},
		{"not the same", "päss word-typed\r", "päss word-typet\r", 2, "not the same"},
		{"ctrl-C", "päss word\x03", "", 130, "nothing was stored"},
		{"empty", "\r", "", 2, "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("script"); err != nil {
				t.Skip("script of util-linux, which makes the terminal, is not here")
			}
			h := newHome(t)
			fifo := filepath.Join(h.dir, "keys")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			h.env = append(h.env, "TERM=xterm", "SHELL=/bin/sh")
			keys, err := os.OpenFile(fifo, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer keys.Close()
			p := h.startLine("sh", "-c", "exec script -qec '"+program+" secret set X' /dev/null < keys")
			p.sees("Value of X (not shown): ")
			_, _ = keys.WriteString(tt.first)
			if tt.second != "" {
				p.sees("The same again: ")
				_, _ = keys.WriteString(tt.second)
			}
			r := p.wait(20 * time.Second)
			if r.code != tt.code || !strings.Contains(r.out, tt.says) || strings.Contains(r.out, "ss word") || strings.Contains(r.out, "typed") {
				t.Errorf("exit code %d, want %d and %q:\n%s", r.code, tt.code, tt.says, r.out)
			}
			if tt.code != 0 {
				return
			}
			h.flow(length)
			if r := h.want(0, "run", "flow.yaml", "--json"); fmt.Sprint(last(t, r.out)["output"]) != "map[n:15]" && fmt.Sprint(last(t, r.out)["output"]) != "map[n:16]" { // bytes or characters, as the shell counts
				t.Errorf("the flow got %v", last(t, r.out)["output"])
			}
		})
	}
}

// TestSecretRotateKilled kills rotations as soon as they touch the key file, at
// whatever step they are then: the store opens after each.
func TestSecretRotateKilled(t *testing.T) {
	slow(t)
	t.Parallel()
	h := newHome(t)
	for i := range 30 {
		h.keep(fmt.Sprint("S", i), fmt.Sprint("some value ", i))
	}
	h.keep("X", "twelve chars")
	h.flow(length)
	key := filepath.Join(h.data, "secret.key")
	for i := range 12 {
		before, err := os.ReadFile(key)
		if err != nil {
			t.Fatal(err)
		}
		p := h.start("secret", "rotate")
		eventually(t, "the key file changes", 20*time.Second, func() bool {
			now, err := os.ReadFile(key)
			return err == nil && string(now) != string(before)
		})
		if i%3 > 0 { // let it get further, now and then to its end
			eventually(t, "the rotation ends or is about to", 20*time.Second, func() bool {
				now, err := os.ReadFile(key)
				return err == nil && strings.Count(string(now), "AGE-SECRET-KEY-1") == 1
			})
		}
		p.kill()
		if r := h.want(0, "secret", "key"); !strings.Contains(r.out, "in use") {
			t.Fatalf("after kill %d:\n%s", i, r.out)
		}
		if r := h.want(0, "run", "flow.yaml", "--new", "--json"); fmt.Sprint(last(t, r.out)["output"]) != "map[n:12]" {
			t.Fatalf("after kill %d the flow got %v", i, last(t, r.out)["output"])
		}
	}
	if r := h.want(0, "secret", "rotate"); !strings.Contains(r.out, "31 secrets") {
		t.Errorf("the last rotation says:\n%s", r.out)
	}
	h.intact()
}

// vaultServer is a HashiCorp Vault with a key-value engine of version 2.
func vaultServer(t *testing.T, token string, fields map[string]any) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := http.StatusNotFound, map[string]any{"errors": []string{}}
		switch {
		case r.URL.Path == "/v1/sys/health":
			status = http.StatusOK
		case r.Header.Get("X-Vault-Token") != token:
			status, body = http.StatusForbidden, map[string]any{"errors": []string{"permission denied"}}
		case r.URL.Path == "/v1/auth/token/lookup-self":
			status, body = http.StatusOK, map[string]any{"data": map[string]any{"ttl": 3600, "renewable": true}}
		case r.URL.Path == "/v1/secret/data/aether/X":
			status, body = http.StatusOK, map[string]any{"data": map[string]any{"data": fields}}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}))
	t.Cleanup(s.Close)
	return s
}

// multiline is a secret with several lines, as keys of servers are.
const multiline = "-----BEGIN TEST KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU/+AAAAEbm9uZQ\nQyNTUxOQAAACCx7cJ2Qn\"<&> 4hKq\nlast line: sécret\n-----END TEST KEY-----\n"

// leak is a flow that lets out the secret in every way it can.
const leak = `outputs: {o: '{{ nodes.sh }}', v: '{{ vars.t }}', big: '{{ nodes.rep }}', b64: '{{ nodes.enc.text }}'}
nodes:
- {id: sh, type: sys.run, params: {program: sh, args: ['-c', 'echo "$T"; echo "$T" >&2; printf %s "$T" | base64; printf %s "$T" | base64 -w0; echo "user:$T" | base64 -w0; printf %s "$T" | od -An -v -tx1 | tr -d " \n"; printf %s "$T" | while read -r line; do echo "got $line"; printf %s "$line" | base64 -w0; printf %s "$line" | od -An -v -tx1 | tr -d " \n"; done'], secret_env: {T: {secret: REF}}}}
- {id: s, type: var.set, params: {name: t, value: 'got {{ nodes.sh.stdout }} {{ nodes.sh.stderr }}'}}
- {id: rep, type: text.repeat, params: {text: '{{ nodes.sh.stdout }}', count: 200}}
- {id: enc, type: text.trim, params: {text: '{{ nodes.sh.stderr }}'}}
- {id: log, type: flow.log, params: {message: '{{ vars.t }} {{ nodes.sh.stdout }}'}}
- {id: bad, type: http.request, params: {url: 'http://127.0.0.1:1/x', retries: 0, auth: {kind: query, name: key, token: {secret: REF}}}, on_error: continue}
- {id: f, type: flow.fail, params: {message: 'no: {{ nodes.sh.stdout }}', details: {d: '{{ nodes.sh.stderr }}'}}}
edges: [sh -> s, s -> rep, rep -> enc, enc -> log, log -> bad, bad -> f]
`

// TestSecretsOfAllProviders plants secrets in every provider and lets a flow
// leak them; nothing that is kept or printed shows them, nor a line of them.
func TestSecretsOfAllProviders(t *testing.T) {
	t.Parallel()
	const single = `hunter2/+?&"sécret<7>xyz`
	for provider, ref := range map[string]string{"env": "X", "dotenv": "X", "store": "X", "vault": "X", "vault field": "'vault:X#pass word'", "store by name": "'store:X'"} {
		for kind, secret := range map[string]string{"a line": single, "lines": multiline} {
			for _, base := range []string{"sqlite", "postgres"} {
				if base == "postgres" && provider != "store" {
					continue // what differs is where the store is
				}
				t.Run(provider+", "+kind+", "+base, func(t *testing.T) {
					t.Parallel()
					h := newHome(t)
					url := ""
					if base == "postgres" {
						url = dbtest.Postgres(t).URL
						h.env = append(h.env, "AETHER_DATABASE_URL="+url)
						h.want(0, "secret", "key", "new")
					}
					switch strings.Fields(provider)[0] {
					case "env":
						h.env = append(h.env, "AETHER_SECRET_X="+secret)
					case "dotenv":
						h.write(".env", "AETHER_SECRET_X='"+secret+"'\n")
					case "store":
						h.keep("X", secret)
					case "vault":
						s := vaultServer(t, "planted-vault-token", map[string]any{"value": secret, "pass word": secret})
						h.env = append(h.env, "AETHER_VAULT_ADDRESS="+s.URL, "AETHER_VAULT_PATH=aether", "VAULT_TOKEN=planted-vault-token")
					}
					h.flow(strings.ReplaceAll(leak, "REF", ref))
					var out []result
					for _, args := range []string{"run flow.yaml --id r --log-level debug", "run flow.yaml --new --json", "runs show r", "runs show r --json", "runs export r", "runs list --json", "config show --json", "secret list --json", "secret key --json"} {
						r := h.aether(strings.Fields(args)...)
						if want := map[bool]int{true: 1}[strings.HasPrefix(args, "run ")]; r.code != want {
							t.Fatalf("%s: exit code %d\n%s%s", args, r.code, r.out, r.err)
						}
						out = append(out, r)
					}
					if !strings.Contains(out[0].out, "no: ***") {
						t.Errorf("nothing was masked, so nothing was tested:\n%s", out[0].out)
					}
					if url != "" {
						out = append(out, result{out: tables(t, url)})
					}
					out = append(out, h.aether("doctor", "--no-browser"))
					for _, s := range append(strings.Split(strings.TrimSpace(secret), "\n"), secret, "planted-vault-token") {
						h.hidden(s, out...)
					}
				})
			}
		}
	}
}

// tables returns the text of all tables of a PostgreSQL database.
func tables(t *testing.T, url string) string {
	t.Helper()
	d, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	list := func(query string) (out []string) {
		rows, err := d.QueryContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return out
	}
	var all strings.Builder
	for _, table := range list(`SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`) {
		for _, row := range list(`SELECT x::text FROM ` + table + ` x`) {
			all.WriteString(row + "\n")
		}
	}
	if all.Len() < 1000 {
		t.Fatalf("the tables hold %d bytes: they were not read", all.Len())
	}
	return all.String()
}

// TestVaultAway: doctor and runs tell what is wrong with Vault, and where a
// secret was looked for.
func TestVaultAway(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	s := vaultServer(t, "good-token", map[string]any{"value": "from the vault"})
	h.env = []string{"AETHER_VAULT_ADDRESS=" + s.URL, "AETHER_VAULT_PATH=aether", "VAULT_TOKEN=good-token"}
	if r := h.want(0, "doctor", "--no-browser"); !strings.Contains(r.out, "accepts the token") {
		t.Errorf("doctor says:\n%s", r.out)
	}
	h.flow(length)
	if r := h.want(0, "run", "flow.yaml", "--json"); fmt.Sprint(last(t, r.out)["output"]) != "map[n:14]" {
		t.Errorf("the flow got %v", last(t, r.out)["output"])
	}
	h.flow(strings.ReplaceAll(length, "secret: X", "secret: NOT_THERE"))
	if r := h.want(1, "run", "flow.yaml"); !strings.Contains(r.out, "AETHER_SECRET_NOT_THERE") || !strings.Contains(r.out, "aether secret set NOT_THERE") || !strings.Contains(r.out, "secret/aether/NOT_THERE") {
		t.Errorf("it does not say where it looked:\n%s", r.out)
	}
	h.env[2] = "VAULT_TOKEN=old-token"
	h.flow(length)
	if r := h.want(1, "run", "flow.yaml"); !strings.Contains(r.out, "does not let this token read") {
		t.Errorf("a token that is refused:\n%s", r.out)
	}
	if r := h.want(1, "doctor", "--no-browser"); !strings.Contains(r.out, "!!  vault") {
		t.Errorf("doctor says:\n%s", r.out)
	}
	h.env = append(h.env, "AETHER_VAULT_CA_FILE=nothing.pem")
	refused(t, h.want(2, "run", "flow.yaml"), "vault.ca_file")
	if r := h.want(2, "run", "flow.yaml", "--vault-address", "ftp://x"); !strings.Contains(r.err, "vault.address") {
		t.Errorf("it says:\n%s", r.err)
	}
}
