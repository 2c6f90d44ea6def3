package command_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/sys/command"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"": 0, "0": 0, "1048576": 1 << 20, "256MiB": 256 << 20, "256 mib": 256 << 20, "1.5GB": 1_500_000_000,
		"512k": 512 << 10, " 2 G ": 2 << 30, "10 bytes": 10, "1TiB": 1 << 40, "3b": 3,
	} {
		if got, err := command.ParseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "MiB", "-1", "1 2", "5XB", "99999999999 GiB", "1.2.3", "∞", "NaN", "."} {
		if got, err := command.ParseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<20).Draw(t, "n")
		if got, err := command.ParseSize(command.SizeText(n << 10)); err != nil || got > (n<<10)*21/20 || got < (n<<10)*19/20 {
			t.Fatalf("%d became %s and %d, %v", n<<10, command.SizeText(n<<10), got, err)
		}
	})
}

func options() command.Options {
	return command.Options{Timeout: 20 * time.Second, MaxOutput: "1MiB", Effect: "once"}
}

func sh(t *testing.T, o command.Options, script string) (command.Ran, error) {
	t.Helper()
	return command.Run(t.Context(), nodetest.Env(t), o, command.Call{Path: "sh", Args: []string{"-c", script}})
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	o := options()
	o.SecretEnv = map[string]vault.Secret{"TOKEN": vault.New("s3cr3t-value"), "LONG": vault.New("s3cr3t-value-longer"), "KEY": vault.New("line-one\n  line-two\n"), "PIN": vault.New("12")}
	r, err := sh(t, o, `echo "$TOKEN $LONG $PIN" "$KEY"; echo "err $TOKEN" >&2`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "*** *** 12 ***\n"; r.Stdout != want || r.Stderr != "err ***\n" {
		t.Errorf("got %q and %q, want %q", r.Stdout, r.Stderr, want)
	}
	if err := (command.Output{}).Judge(r); err != nil {
		t.Error(err)
	}
	r, _ = sh(t, o, `echo "$KEY" | tail -n 2 | head -n 1 >&2; exit 3`)
	err = (command.Output{ExitCodes: []int{0}}).Judge(r)
	if f := node.AsFailure(err); f.Code != "3" || !strings.Contains(f.Message, "sh ended with exit code 3: ***.") {
		t.Errorf("got %v", err)
	}
	// Cut off in the middle of a secret.
	o.MaxOutput = "6"
	if r, err = sh(t, o, `printf "$TOKEN"`); err != nil || r.Stdout != "***" || !r.Truncated {
		t.Errorf("got %q, %v", r.Stdout, err)
	}
	if got := o.Hide([]any{map[string]any{"s3cr3t-value": "x s3cr3t-value"}, 1}); !value.Equal(got, []any{map[string]any{"***": "x ***"}, 1}) {
		t.Errorf("got %v", got)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	short := options()
	short.Timeout = 50 * time.Millisecond
	_, err := sh(t, short, "echo before; sleep 60")
	f := node.AsFailure(err)
	if f.Kind != node.KindTimeout || !strings.Contains(f.Message, "sh did not end within 50ms") || f.Details.(map[string]any)["stdout"] != "before\n" {
		t.Errorf("got %+v", f)
	}
	outside := options()
	outside.Cwd = "/etc"
	if _, err := sh(t, outside, "pwd"); node.AsFailure(err).Kind != node.KindDenied {
		t.Errorf("got %v", err)
	}
	missing := options()
	missing.Cwd = "not/there"
	if _, err := sh(t, missing, "pwd"); node.AsFailure(err).Kind != node.KindNotFound || !strings.Contains(err.Error(), "working folder") {
		t.Errorf("got %v", err)
	}
	if _, err := command.Run(t.Context(), nodetest.Env(t), options(), command.Call{Path: "no-such-program"}); node.AsFailure(err).Kind != node.KindNotFound || !strings.Contains(err.Error(), "looked in /") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := command.Run(ctx, nodetest.Env(t), options(), command.Call{Path: "sh"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r, err := sh(t, options(), "kill -9 $$")
	if err != nil {
		t.Fatal(err)
	}
	if f := node.AsFailure((command.Output{}).Judge(r)); f.Code != "SIGKILL" {
		t.Errorf("got %v", f)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]command.Options{
		"memory":       {Memory: "many"},
		"max_output":   {MaxOutput: "-1"},
		`"A=B"`:        {Env: map[string]string{"A=B": ""}},
		`""`:           {SecretEnv: map[string]vault.Secret{"": {}}},
		"both env and": {},
	} {
		if want == "both env and" {
			o.Env, o.SecretEnv = map[string]string{"A": ""}, map[string]vault.Secret{"A": {}}
			want = "in both env"
		}
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	env.Environ = append(env.Environ, "A=inherited", "B=inherited")
	o := options()
	o.Env = map[string]string{"B": "given"}
	o.SecretEnv = map[string]vault.Secret{"C": vault.New("xyz")}
	r, err := command.Run(t.Context(), env, o, command.Call{Path: "sh", Args: []string{"-c", "echo $A $B $C $D; pwd"}, Env: []string{"D=call"}})
	if want := "inherited given xyz call\n" + env.Files.Dirs()[0] + "\n"; err != nil || r.Stdout != want {
		t.Errorf("got %q, %v, want %q", r.Stdout, err, want)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		output, stdout string
		want           any
		wantErr        string
	}{
		{"text", "a\r\nb\n\n", "a\r\nb", ""},
		{"lines", "a\r\n\nb", []any{"a", "", "b"}, ""},
		{"lines", "", []any{}, ""},
		{"json", ` {"a": 1.0} `, map[string]any{"a": 1}, ""},
		{"json", "", nil, "Reading what it printed as JSON"},
		{"json", "1 2", nil, "more data"},
		{"json_lines", "1\n\n{\"a\":2}\n", []any{1, map[string]any{"a": 2}}, ""},
		{"json_lines", "1\n{", nil, "Reading line 2 of what it printed"},
	}
	for _, tt := range tests {
		got, err := (command.Output{Output: tt.output}).Parse(command.Ran{Name: "it", Stdout: tt.stdout})
		if tt.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%s %q: got %v, want %s", tt.output, tt.stdout, err, tt.wantErr)
			}
		} else if err != nil || !value.Equal(got, tt.want) {
			t.Errorf("%s %q: got %v, %v, want %v", tt.output, tt.stdout, got, err, tt.want)
		}
	}
	if _, err := (command.Output{Output: "json"}).Parse(command.Ran{Stdout: "1", Truncated: true}); err == nil {
		t.Error("JSON that was cut off gave no error")
	}
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	r, err := command.Run(t.Context(), nodetest.Env(t), options(), command.Call{Path: "printf", Args: []string{`\204\201`}, Encoding: "cp850"})
	if err != nil || r.Stdout != "äü" {
		t.Errorf("got %q, %v", r.Stdout, err)
	}
	r, err = command.Run(t.Context(), nodetest.Env(t), options(), command.Call{Path: "printf", Args: []string{`\377a`}})
	if err != nil || r.Stdout != "\ufffda" {
		t.Errorf("got %q, %v", r.Stdout, err)
	}
}
