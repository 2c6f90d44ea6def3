package websuite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// named are targets as a person names things, for parts of pages whose words a level leaves as they are.
var named = map[string]map[string]string{
	"/acme/login":      {"login.user": "label=User", "login.password": "label=Password", "login.submit": "role=button[name=Sign in]"},
	"/acme/lab/dates":  {"dates.native": "label=A native date", "dates.picked": "label=A date from the calendar", "dates.key": "label=Reference", "dates.submit": "role=button[name=Book]"},
	"/acme/lab/editor": {"editor.key": "label=Document", "editor.text": "label=Text", "editor.bold": "role=button[name=Bold]", "editor.save": "role=button[name=Save]"},
	"/acme/lab/obstacles": {"obstacles.late": "role=button[name=Enabled after a second]", "obstacles.upper": "label=Writes capitals", "obstacles.readonly": "label=Read-only",
		"obstacles.far": "text=At the bottom of the box", "obstacles.visible": "role=button[name=Send the file]"},
	"/acme/lab/suggest": {"suggest.input": "label=Company", "suggest.submit": "role=button[name=Take company]"},
	"/acme/lab/lost":    {"lost.reference": "label=Reference", "lost.submit": "role=button[name=Send parcel]"},
	"/pages/choices":    {"colour": "label=Colour", "sizes": "label=Sizes", "post": "label=By post", "courier": "label=By courier", "terms": "label=I agree to the terms", "all": "label=All parts", "save": "text=Save"},
	"/pages/date":       {"day": "label=Day", "at": "label=Time", "picked": "label=From the calendar", "save": "text=Save"},
	"/pages/mask":       {"field": "label=Phone number", "save": "role=button[name=Save]"},
	"/pages/upload":     {"note": "label=Remark", "file": "label=Files", "send": "role=button[name=Upload]", "zone": "text=Drop files here"},
	"/pages/dialogs":    {"alert": "role=button[name=Alert]", "confirm": "role=button[name=Confirm]", "prompt": "role=button[name=Prompt]", "storm": "role=button[name=Storm]"},
	"/challenge/b/":     {"challenge.first-name": "label=First Name", "challenge.last-name": "label=Last Name", "challenge.company-name": "label=Company Name", "challenge.role": "label=Role in Company", "challenge.address": "label=Address", "challenge.email": "label=Email", "challenge.phone": "label=Phone Number", "challenge.start": "role=button[name=Start]"},
	"/challenge/c/":     {"challenge.first-name": "label=First Name", "challenge.email": "label=Email", "challenge.phone": "label=Phone Number"},
}

// TestTruth holds what a person-like target finds on changed pages against the truth that the site alone knows. At the
// levels that change words a target may find nothing, but never something else.
func TestTruth(t *testing.T) {
	levels := []int{3, 5}
	if every {
		levels = []int{0, 1, 2, 3, 4, 5}
	}
	for _, level := range levels {
		t.Run(fmt.Sprintf("level %d", level), func(t *testing.T) {
			t.Parallel()
			v := arrive(t, level, browser.Options{})
			found := 0
			for path, targets := range named {
				v.visit(path)
				truth := map[string]string{}
				for _, part := range v.site.Truth(strings.TrimSuffix(path, "?")) {
					if len(part.Path) == 1 {
						truth[part.Name] = part.Path[0]
					}
				}
				for part, target := range targets {
					if truth[part] == "" {
						t.Errorf("%s: there is no part %s", path, part)
						continue
					}
					if v.means(at(target), truth[part], path+" "+part, level) {
						found++
					}
				}
			}
			t.Logf("%d parts were found", found)
			if level < 4 && found < 40 {
				t.Errorf("%d parts were found", found)
			}
		})
	}
}

// means reports whether a target finds the element of a path; to find another one is an error.
func (v *visitor) means(target selector.Target, path, what string, level int) bool {
	v.Helper()
	wait := 20 * time.Second
	if level > 3 {
		wait = 600 * time.Millisecond
	}
	var err error
	var raw []byte
	_ = within(v.T, wait, func(ctx context.Context) error {
		raw, err = v.p.Evaluate(ctx, target, `(e, path) => { const want = document.evaluate(path, document, null, 9, null).singleNodeValue; return !!want && (e === want || e.contains(want) && e.textContent.trim() === want.textContent.trim() || want.contains(e) && e.textContent.trim() === want.textContent.trim()) || e.outerHTML.slice(0, 200); }`, path)
		return err
	})
	switch {
	case err != nil && level > 3:
		return false // the words have changed
	case err != nil:
		v.Errorf("%s: %v", what, err)
		return false
	case string(raw) != "true":
		v.Errorf("%s: %s finds %s", what, target, raw)
		return false
	}
	return true
}
