package heal

import "github.com/aether-rpa/aether/selector"

// vetoes are the reasons against healing to an element whatever its probability.
func (p *Prepared) vetoes(w *Wanted, s *scores, best int, e *accept, margin float64, taken func(int) bool) []string {
	var out []string
	veto := func(yes bool, name string) {
		if yes {
			out = append(out, name)
		}
	}
	f := e[evidenceOwn:]
	veto(e[eConflict] > 0, VetoConflict)
	veto(p.explained(w, s, best), VetoRoster)
	veto(taken != nil && taken(best), VetoClaimed)
	veto(e[eField] > 0 || !able(w.Action, &p.recs[best], &p.page.Elements[best].Print), VetoKind)
	veto(margin < 0.05 || p.oneOfMany(s, best, f) || elsewhere(&w.Print, &p.page.Elements[best].Print, f), VetoAmbiguous)
	veto(f[fRowConflict] > 0, VetoRow)
	veto(f[fTestIDConflict] > 0, VetoTestID)
	veto(e[eNamed] == 0 && f[fNumbers] > 0, VetoNumber)
	exchanged := f[fTextHeld] > 0 && f[fTextHeld] < 1 && f[fTextHolds] < 1
	renamed := field(s.seek.want.kind) && f[fTextWords] < 1 && f[fTextNone] == 0 // Password and Retype password
	veto(e[eExact] == 0 && (exchanged || renamed || e[eTwins] > 0 || f[fKind] == 0 || e[eReach] < 0.4), VetoWords)
	veto(f[fRegionConflict] > 0, VetoRegion)
	veto(f[fFrameConflict] > 0 || s.seek.want.hosts != p.recs[best].hosts, VetoFrame)
	veto(e[eLost] > 0, VetoLost)
	veto(p.refused(w, best), VetoRejected)
	return out
}

// elsewhere says that an element stands under another heading than the wanted one, which was one of several that are
// named alike, and that nothing of its own tells them apart: it is likely to be the one of another part of the page.
// What has no name is told by its text, if only one element of the page has it.
func elsewhere(t, c *selector.Print, f []float64) bool {
	if t.Name == "" && f[fTextOnly] > 0 {
		return false
	}
	return t.Alike > 1 && len(t.Headings) > 0 && len(c.Headings) > 0 && t.Headings[0] != c.Headings[0] &&
		f[fID] == 0 && f[fHref] == 0 && f[fName] == 0 && f[fTestID] == 0 && f[fRow] == 0
}

// telling are the features that can tell one of several elements with the same name from the others.
var telling = []int{fRow, fHref, fID, fName, fTestID, fForm, fAround, fHeadings}

// oneOfMany says that the wanted element was one of several that are named alike, as in the cards of a list, and that
// nothing tells that this is the same one: everything that could is another, or is that of the other ones, too.
func (p *Prepared) oneOfMany(s *scores, best int, f []float64) bool {
	t, c := &s.seek.want, &p.recs[best]
	if t.alike < 2 || t.accName == 0 && f[fTextOnly] > 0 {
		return false // without a name all are alike, and this one is told by its text
	}
	sure := f[fID] == 1 || f[fTestID] > 0 || f[fRow] > 0
	elsewhere := t.head0 != 0 && c.head0 != 0 && t.head0 != c.head0 || t.inside != c.inside
	if elsewhere && !sure {
		return true
	}
	if t.alike == c.alike && f[fPath] > 0 && (f[fAround] == 1 || len(t.near)+len(c.near) == 0) && (!t.laidOut || f[fNear100] > 0.9) {
		return false // as many as before, and this one stands where it stood, among the same words
	}
	var v, most vector
	others := 0
	for _, i := range s.order {
		if p.recs[i].text != c.text || p.recs[i].kind != c.kind || p.equivalent(best, i) {
			continue
		}
		s.seek.compare(i, &v)
		for _, k := range telling {
			most[k] = max(most[k], v[k])
		}
		if others++; others == 8 {
			break
		}
	}
	if others == 0 {
		return !sure && f[fHref] == 0 && f[fAround] < 0.5
	}
	for _, k := range telling {
		if f[k] >= 0.5 && f[k] > most[k]+0.2 {
			return false
		}
	}
	return true
}

// explained says that another target of the page fits the element at least as well as the wanted one.
func (p *Prepared) explained(w *Wanted, s *scores, best int) bool {
	weights := p.model.ranks(s.laid)
	var v vector
	for i := range w.Others {
		o := &w.Others[i]
		if oneTarget(o, &w.Print) || p.model.same(o, &w.Print) > 0.98 {
			continue
		}
		p.seek(o).compare(best, &v)
		if dot(&v, weights) >= s.z[best] {
			return true
		}
	}
	return false
}

// oneTarget says that two prints are of one element, seen at different times.
func oneTarget(a, b *selector.Print) bool {
	return a.Tag == b.Tag && a.Text == b.Text && a.Name == b.Name && a.Label == b.Label && a.Row == b.Row && a.TestID == b.TestID &&
		(a.Path == b.Path || a.ID != "" && a.ID == b.ID || a.Alike == 1 && b.Alike == 1)
}

// refused says that a person said of this element that it is not the one.
func (p *Prepared) refused(w *Wanted, best int) bool {
	for i := range w.Rejected {
		if p.model.same(&w.Rejected[i], &p.page.Elements[best].Print) > 0.9 {
			return true
		}
	}
	return false
}

// able says that an action can be done on an element.
func able(action string, r *record, e *selector.Print) bool {
	switch action {
	case "fill", "type", "clear":
		return r.kind == kindInput || r.kind == kindSelect && e.Tag != "select" || r.kind == kindOther || r.kind == kindCell && e.Tag != "tr"
	case "select":
		return r.kind == kindSelect || r.kind == kindInput && e.Role == "combobox"
	case "check", "uncheck":
		return r.kind == kindCheck || e.Tag == "label" || r.kind == kindOther
	case "upload":
		return r.kind == kindFile || r.kind == kindButton || e.Tag == "label" || r.kind == kindOther
	}
	return true
}

// identified says that the id is the same and means this element: an id with a number in it is often given out again, so
// with another text it says nothing.
func (p *Prepared) identified(t, c *record, v *vector) bool {
	return v[fID] == 1 && (t.id == t.idStem || t.text == c.text || t.text == 0 || c.text == 0)
}

// conflict says that what a person reads is another one, or for something without text that it leads to another host or
// has no word in common, and that nothing else names the element.
func (p *Prepared) conflict(t, c *record, v *vector) bool {
	if p.identified(t, c, v) || v[fName] > 0 || v[fTestID] > 0 || v[fLabel] > 0 || v[fAccName] > 0 || v[fHref] > 0 && p.byHref[c.href] == 1 {
		return false
	}
	if t.text == 0 {
		return v[fHrefOther] > 0 || v[fWordsRarest] < 0.8 && v[fHrefRarest] < 0.6 && v[fClassHeld] < 0.5
	}
	return v[fTextWords] == 0 && v[fTextLetters] < 0.8 && v[fHref] == 0
}

// field says that a kind of element takes what a person types or chooses.
func field(kind int) bool {
	return kind == kindInput || kind == kindSelect || kind == kindCheck || kind == kindFile
}

// otherUse says that two kinds are not used alike: one takes what a person types or chooses and the other does not, or
// takes something else.
func otherUse(old, now int) bool {
	switch {
	case field(old):
		return now != old
	case old == kindButton || old == kindLink:
		return field(now)
	}
	return false
}

// lost says that only a text or only an address, which others may have too, leads to an element: it stands somewhere
// else, among other words, in other surroundings.
func lost(t, c *record, v *vector) bool {
	if !t.laidOut || !c.laidOut || v[fNear300] >= 0.2 || v[fAround] > 0 || v[fPathBack] > 0.4 {
		return false
	}
	return v[fID] < 1 && v[fName] == 0 && v[fTestID] == 0 && v[fLabel] == 0 && (v[fHref] == 0 || v[fText] == 0)
}

// twins says that another element, which is not one with this one, reads the same.
func (p *Prepared) twins(best int) bool {
	c := &p.recs[best]
	n := p.byText[c.text]
	for i := range p.recs {
		if n <= 1 {
			return false
		}
		if i != best && p.recs[i].text == c.text && p.may[i] {
			if !p.equivalent(best, i) {
				return true
			}
			n--
		}
	}
	return false
}
