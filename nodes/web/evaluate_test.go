package web_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
)

func TestEvaluate(t *testing.T) {
	e := env(t)
	url := serve(t, map[string]string{"/": `<title>Shop</title><p id=p data-n=7>Hello</p><script>var own = {a: [1, 2.5, null]}</script>`, "/next": "<h1>Next</h1>"})
	run(t, e, "web.goto", map[string]any{"url": url})
	for _, c := range []struct {
		params map[string]any
		want   any
	}{
		{map[string]any{"script": "document.title"}, "Shop"},
		{map[string]any{"script": "document.title;\n"}, "Shop"},
		{map[string]any{"script": "own", "effect": "read"}, map[string]any{"a": []any{1, 2.5, nil}}},
		{map[string]any{"script": "const n = args.a + 1;\nreturn n * 2", "args": map[string]any{"a": 2}}, 6},
		{map[string]any{"script": "(args, element) => element.dataset.n + args", "args": "!", "target": "#p"}, "7!"},
		{map[string]any{"script": "element.textContent", "target": "text=Hello"}, "Hello"},
		{map[string]any{"script": "async () => { await new Promise(f => setTimeout(f, 20)); return [true, 10n] }"}, []any{true, "10"}},
		{map[string]any{"script": "function (a) { return a }", "args": []any{1, "x"}}, []any{1, "x"}},
		{map[string]any{"script": "document.title = 'New'; document.body.dataset.x = 1"}, nil},
		{map[string]any{"script": "new Map([['k', 1]])"}, map[string]any{"k": 1}},
		{map[string]any{"script": "undefined"}, nil},
	} {
		if out := run(t, e, "web.evaluate", c.params); !reflect.DeepEqual(out["result"], c.want) {
			t.Errorf("%v gives %#v, want %#v", c.params, out["result"], c.want)
		}
	}
	if got := inPage(t, e, "document.title + document.body.dataset.x"); got != "New1" {
		t.Errorf("statements did %s", got)
	}
	if out := run(t, e, "web.evaluate", map[string]any{"script": "location.href = '/next'"}); out["url"] != url+"/next" || inPage(t, e, "document.body.innerText") != "Next" {
		t.Errorf("a script that leads on: %v", out)
	}
}

func TestEvaluateFails(t *testing.T) {
	e := env(t)
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/": "<p>Hello</p>"})})
	for name, c := range map[string]struct {
		params map[string]any
		says   []string
	}{
		"an error":                     {map[string]any{"script": "const a = 1;\n\nnope.x = a;"}, []string{"ReferenceError: nope is not defined", "line 3"}},
		"an error of a function":       {map[string]any{"script": "() => {\n  throw new TypeError('no such thing')\n}"}, []string{"TypeError: no such thing", "line 2"}},
		"a text that is thrown":        {map[string]any{"script": "throw 'just words'"}, []string{"just words"}},
		"a promise that fails":         {map[string]any{"script": "Promise.reject(new Error('later'))"}, []string{"Error: later", "line 1"}},
		"wrong form":                   {map[string]any{"script": "const a = 1;\nif (a {"}, []string{"SyntaxError", "line 2"}},
		"an element as the result":     {map[string]any{"script": "document.querySelector('p')"}, []string{"give its text"}},
		"a result that is no value":    {map[string]any{"script": "const a = {}; a.a = a; return a"}, []string{"no value", "circular"}},
		"a script that does not end":   {map[string]any{"script": "new Promise(() => {})", "timeout": "2s"}, []string{"does not answer"}},
		"an element that is not there": {map[string]any{"script": "1", "target": "#nowhere", "timeout": "2s"}, []string{"no element"}},
	} {
		f := fails(t, e, "web.evaluate", c.params)
		for _, s := range c.says {
			if !strings.Contains(f.Message, s) {
				t.Errorf("%s: %q is not in %+v", name, s, f)
			}
		}
	}
	for effect, want := range map[string]node.Effect{"once": node.Once, "repeatable": node.Idempotent, "read": node.Read} {
		d := node.Default.Get("web.evaluate")
		in := d.In.New()
		if err := d.In.Field("effect").Set(in.Elem(), effect); err != nil {
			t.Fatal(err)
		}
		if got := d.EffectOf(in.Interface()); got != want {
			t.Errorf("effect %s is %s", effect, fmt.Sprint(got))
		}
	}
}
