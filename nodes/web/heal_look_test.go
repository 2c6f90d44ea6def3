package web_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// TestPicturesAreEvidence sees that the picture of an element that was found is kept, and stands in the table of what
// was compared when the element is searched.
func TestPicturesAreEvidence(t *testing.T) {
	e, r := learned(t, node.HealPropose, before, after, map[string]any{"node": "web.fill", "target": "#first", "value": "Augusta"}, map[string]any{"node": "web.click", "target": "#go"})
	if r.known["css=#go"].Look == "" {
		t.Fatalf("no picture was kept of %+v", r.known["css=#go"])
	}
	if f := r.known["css=#first"]; f.Look != "" {
		t.Errorf("a picture was kept of a field: %+v", f)
	}
	for n, p := range r.known {
		if b, err := json.Marshal(p); err != nil || len(b) > 2048 {
			t.Errorf("%s takes %d bytes, %v", n, len(b), err)
		}
	}
	if out := run(t, e, "web.click", map[string]any{"target": "#go", "timeout": "20s"}); out["healed"] != true {
		t.Fatalf("pressing a button that was renamed: %v", out)
	}
	h := r.heals[0]
	if h.Found.Look == "" || h.Repaired.Print.Look != "" || h.Before.Look != r.known["css=#go"].Look {
		t.Errorf("the report has pictures of %t, %t, %t", h.Found.Look != "", h.Repaired.Print.Look != "", h.Before.Look != "")
	}
	b, err := json.Marshal(h.Evidence)
	var shown struct {
		Candidates []struct {
			Element  selector.Print
			Compared []heal.Evidence
		}
	}
	if err == nil {
		err = json.Unmarshal(b, &shown)
	}
	if err != nil || len(shown.Candidates) == 0 || len(shown.Candidates[0].Compared) == 0 {
		t.Fatalf("the evidence is %s, %v", b, err)
	}
	if c := shown.Candidates[0].Compared[0]; c.Feature != "picture" || c.Value < 0.8 {
		t.Errorf("the best one was compared as %+v", c)
	}
	var p heal.Page // and so it can be searched again
	if err := json.Unmarshal(artifact(t, e, h.Page), &p); err != nil {
		t.Fatal(err)
	}
	v := heal.Prepare(&p).Find(heal.Wanted{Print: h.Before, Action: "click", Sensitive: true})
	if v.Best < 0 || v.Top[0].Evidence[0].Feature != "picture" {
		t.Errorf("searched again it is %+v", v)
	}
}

// TestNoPictureOfWhatIsPrivate has elements on which something can be read that was typed, or is a secret.
func TestNoPictureOfWhatIsPrivate(t *testing.T) {
	const page = `<input id=f value=""><button id=echo>nothing yet</button><button id=key>key 93-CRIMSON</button><div id=box onclick=1>A box <input value=x></div><button id=plain>Plain</button>
<script>f.oninput = () => echo.textContent = 'you said ' + f.value</script>`
	e := env(t)
	r := &remembered{policy: node.HealRun}
	e.Elements = r
	e.Mask = func(v any) any {
		b, err := json.Marshal(v)
		var out any
		if err != nil || json.Unmarshal([]byte(strings.ReplaceAll(string(b), "93-CRIMSON", "***")), &out) != nil {
			t.Error("it cannot be masked")
		}
		return out
	}
	run(t, e, "web.goto", map[string]any{"url": serve(t, map[string]string{"/was": page}) + "/was"})
	run(t, e, "web.fill", map[string]any{"target": "#f", "value": "Ophelia"})
	for _, id := range []string{"#echo", "#key", "#box", "#plain"} {
		run(t, e, "web.click", map[string]any{"target": id})
		if p := r.known["css="+id]; p.Tag == "" || (p.Look != "") != (id == "#plain") {
			t.Errorf("of %s there is %+v", id, p)
		}
	}
}
