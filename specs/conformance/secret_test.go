package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spellings are the forms in which a secret could be found.
func spellings(secret string) map[string]string {
	out := map[string]string{
		"plain": secret, "hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "json": strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
	// Base64 has a form for each place in the three bytes that it takes at a
	// time; what lies wholly in the secret is compared.
	for shift := range 3 {
		padded := append(make([]byte, shift), secret...)
		enc := base64.StdEncoding.EncodeToString(padded[:len(padded)/3*3])
		out[fmt.Sprint("base64 at ", shift)] = enc[(shift+2)/3*4:]
		out[fmt.Sprint("url base64 at ", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(enc[(shift+2)/3*4:])
	}
	return out
}

// hidden checks that nothing holds the secret: what the program printed, and
// all files of the data folder.
func (h *home) hidden(secret string, printed ...result) {
	h.Helper()
	look := func(where string, b []byte) {
		h.Helper()
		for form, s := range spellings(secret) {
			if i := bytes.Index(b, []byte(s)); i >= 0 {
				h.Errorf("%s holds the secret (%s): …%.200q", where, form, b[max(0, i-60):min(len(b), i+len(s)+60)])
			}
		}
	}
	for i, r := range printed {
		look(fmt.Sprint("stdout of call ", i), []byte(r.out))
		look(fmt.Sprint("stderr of call ", i), []byte(r.err))
	}
	for _, f := range files(h, h.data) {
		b, err := os.ReadFile(filepath.Join(h.data, f))
		if err != nil {
			h.Fatal(err)
		}
		look(f, b)
	}
}

// stored reports whether some file of the data folder holds a text.
func (h *home) stored(text string) bool {
	h.Helper()
	for _, f := range files(h, h.data) {
		if b, err := os.ReadFile(filepath.Join(h.data, f)); err == nil && bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

// TestSecrets plants a secret and lets everything that can echo it: a server, a
// program, a script, errors of nodes.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const secret = `hunter2/+?&"sécret<7>xyz`
	send := func(l *ledger, id, auth, more string) string {
		return fmt.Sprintf("- {id: %s, type: http.request, params: {method: POST, url: '%s/%s', retries: 0, auth: %s, body: {a: 1}%s}}\n", id, l.URL, id, auth, more)
	}
	const program = "- {id: sh, type: sys.run, params: {program: sh, args: ['-c', '%s'], secret_env: {TOKEN: {secret: X}}}}\n"
	const output = "outputs: {o: '{{ nodes.%s }}'}\nnodes:\n"
	tests := []struct {
		name  string
		flow  func(l *ledger) string
		fails int
		code  int
	}{
		{name: "bearer", flow: func(l *ledger) string {
			return fmt.Sprintf(output, "a") + send(l, "a", "{kind: bearer, token: {secret: X}}", "")
		}},
		{name: "bearer, the server fails", fails: 2, code: 1, flow: func(l *ledger) string {
			return fmt.Sprintf(output, "a") + send(l, "a", "{kind: bearer, token: {secret: X}}", "")
		}},
		{name: "query", flow: func(l *ledger) string {
			return fmt.Sprintf(output, "a") + send(l, "a", "{kind: query, name: key, token: {secret: X}}", "")
		}},
		{name: "query, nobody there", code: 1, flow: func(*ledger) string {
			return "nodes:\n- {id: a, type: http.request, params: {url: 'http://127.0.0.1:1/x', retries: 0, auth: {kind: query, name: key, token: {secret: X}}}}\n"
		}},
		{name: "basic", flow: func(l *ledger) string {
			return fmt.Sprintf(output, "a") + send(l, "a", "{kind: basic, user: user, password: {secret: X}}", "")
		}},
		{name: "basic, the server fails", fails: 2, code: 1, flow: func(l *ledger) string {
			return fmt.Sprintf(output, "a") + send(l, "a", "{kind: basic, user: user, password: {secret: X}}", "")
		}},
		{name: "program", flow: func(*ledger) string {
			return fmt.Sprintf(output, "sh") + fmt.Sprintf(program, `echo "$TOKEN"; echo "$TOKEN" >&2; printf %s "$TOKEN" | base64; printf %s "$TOKEN" | od -An -tx1 | tr -d " \n"`)
		}},
		{name: "program fails", code: 1, flow: func(*ledger) string {
			return fmt.Sprintf(output, "sh") + fmt.Sprintf(program, `echo "$TOKEN" >&2; echo "$TOKEN"; exit 3`)
		}},
		{name: "program prints much", flow: func(*ledger) string {
			return fmt.Sprintf(output, "sh") + fmt.Sprintf(program, `i=0; while [ $i -lt 5000 ]; do echo "line $i of $TOKEN"; i=$((i+1)); done`)
		}},
		{name: "lines", flow: func(*ledger) string {
			return fmt.Sprintf(output, "sh") + strings.Replace(fmt.Sprintf(program, `i=0; while [ $i -lt 5000 ]; do echo "line $i of $TOKEN"; i=$((i+1)); done`), "secret_env", "output: lines, secret_env", 1)
		}},
		{name: "reused in later nodes", flow: func(l *ledger) string {
			return "outputs: {o: '{{ nodes.up.text }}', t: '{{ vars.t }}', r: '{{ nodes.rep.text }}'}\nnodes:\n" + fmt.Sprintf(program, `echo "$TOKEN"`) +
				"- {id: s, type: var.set, params: {name: t, value: 'got {{ nodes.sh.stdout }}'}}\n- {id: up, type: text.trim, params: {text: '{{ nodes.sh.stdout }}'}}\n- {id: rep, type: text.repeat, params: {text: '{{ nodes.sh.stdout }}', count: 9000}}\n- {id: log, type: flow.log, params: {message: '{{ vars.t }}'}}\nedges: [sh -> s, s -> up, up -> rep, rep -> log]\n"
		}},
		{name: "assert", code: 1, flow: func(*ledger) string {
			return "nodes:\n" + fmt.Sprintf(program, `echo "$TOKEN"`) + "- {id: f, type: flow.fail, params: {message: 'no: {{ nodes.sh.stdout }}', details: {d: '{{ nodes.sh.stdout }}'}}}\nedges: [sh -> f]\n"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, l := newHome(t), newLedger(t)
			h.env = []string{"AETHER_SECRET_X=" + secret}
			l.echo = true
			l.failing("a", tt.fails)
			h.flow(tt.flow(l))
			var out []result
			first := h.aether("run", "flow.yaml", "--id", "r", "--log-level", "debug")
			if first.code != tt.code {
				t.Fatalf("exit code %d, want %d\n%s", first.code, tt.code, first.out)
			}
			out = append(out, first)
			out = append(out, h.want(tt.code, "run", "flow.yaml", "--new", "--json"))
			for _, args := range []string{"runs show r", "runs show r --json", "runs export r", "runs list --json", "config show --json", "doctor --no-browser"} {
				r := h.aether(strings.Fields(args)...)
				out = append(out, r)
			}
			h.hidden(secret, out...)
			if !strings.Contains(tt.flow(l), "http") && !h.stored("***") {
				t.Error("nothing was masked, so nothing was tested")
			}
		})
	}
}

// TestSecretMissing says which secret is not there and where it is looked for.
func TestSecretMissing(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.flow("nodes:\n- {id: a, type: sys.run, params: {program: sh, args: ['-c', 'true'], secret_env: {T: {secret: NOT_THERE}}}}\n")
	if r := h.want(1, "run", "flow.yaml"); !strings.Contains(r.out, "AETHER_SECRET_NOT_THERE") {
		t.Errorf("it says:\n%s", r.out)
	}
}

// TestSecretFromDotenv reads a secret from .env, and programs of a flow see
// neither it nor the settings of Aether.
func TestSecretFromDotenv(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write(".env", "AETHER_SECRET_X=from-dotenv-file\n")
	h.env = []string{"AETHER_SECRET_Y=other-secret", "DB_PASSWORD=pw12345678", "PLAIN=seen"}
	h.flow("outputs: {o: '{{ nodes.a.stdout }}', n: '{{ nodes.b.stdout }}'}\nnodes:\n- {id: a, type: sys.run, params: {program: env}}\n- {id: b, type: sys.run, params: {program: sh, args: ['-c', 'echo ${#T}'], secret_env: {T: {secret: X}}}}\nedges: [a -> b]\n")
	out := last(t, h.want(0, "run", "flow.yaml", "--json").out)["output"].(map[string]any)
	env := fmt.Sprint(out["o"])
	if strings.Contains(env, "SECRET") || strings.Contains(env, "pw12345678") || strings.Contains(env, "AETHER_DATA_DIR") || !strings.Contains(env, "PLAIN=seen") {
		t.Errorf("a program sees\n%s", env)
	}
	if got := strings.TrimSpace(fmt.Sprint(out["n"])); got != "16" {
		t.Errorf("the secret has %s characters, want 16", got)
	}
	h.hidden("from-dotenv-file")
}
