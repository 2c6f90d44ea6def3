package heal

import (
	"math"
	"math/bits"

	"github.com/aether-rpa/aether/selector"
)

// The features: how a print and an element compare, each from 0 to 1. Those after fitted are not in the data that the
// weights are fitted to; they have weights set by hand.
const (
	fTag = iota
	fKind
	fButton
	fID
	fIDStem
	fIDConflict
	fIDMissing
	fName
	fNameConflict
	fClass
	fClassPart
	fClassHeld
	fClassMissing
	fHref
	fHrefRare
	fHrefParts
	fHrefLast
	fHrefMissing
	fText
	fTextRare
	fTextLetters
	fTextWords
	fTextHeld
	fTextHolds
	fTextNone
	fTextMissing
	fTextLength
	fTextOther
	fTextOnly
	fNumbers
	fPath
	fPathTags
	fPathFront
	fPathBack
	fPathBackTags
	fPathDepth
	fPathIndex
	fAnchor
	fAnchorConflict
	fAnchorTags
	fAnchorBack
	fNear100
	fNear300
	fNearX
	fNearY
	fNearRight
	fFarY
	fArea
	fWidth
	fHeight
	fShape
	fAround
	fAroundHeld
	fEmptyAll
	fHrefWords
	fHrefRarest
	fTextRarest
	fTextFront
	fWords
	fWordsRarest
	fActs
	fHoldsSame
	fWithinSame
	fRegion
	fRegionConflict
	fHrefOther
	fBareNear
	fBareTag
	fBareClass
	fBareBack
	fBareShape
	fBareAround
	fitted

	fAccName = iota - 1
	fAccNameConflict
	fRole
	fRoleConflict
	fType
	fTypeConflict
	fTestID
	fTestIDConflict
	fLabel
	fLabelConflict
	fPlaceholder
	fPlaceholderConflict
	fAlt
	fTitle
	fSrc
	fRow
	fRowConflict
	fColumn
	fColumnConflict
	fForm
	fFormConflict
	fHeadings
	fFrameConflict
	fOwn
	fAroundAlike
	features
)

var featureNames = [features]string{
	"tag", "kind", "button", "id", "id stem", "id conflict", "id missing", "name", "name conflict",
	"class", "class parts", "class held", "class missing",
	"href", "href rare", "href parts", "href last", "href missing",
	"text", "text rare", "text letters", "text words", "text held", "text holds", "text none", "text missing", "text length", "text other", "text only", "numbers",
	"path", "path tags", "path front", "path back", "path back tags", "path depth", "path index",
	"anchor", "anchor conflict", "anchor tags", "anchor back",
	"near 100", "near 300", "near x", "near y", "near right", "far y", "area", "width", "height", "shape",
	"around", "around held", "nothing to read",
	"href words", "href rarest", "text rarest", "text front", "words", "words rarest", "acts", "holds the same", "within the same",
	"region", "region conflict", "href other", "bare near", "bare tag", "bare class", "bare back", "bare shape", "bare around",
	"accessible name", "accessible name conflict", "role", "role conflict", "type", "type conflict", "test id", "test id conflict",
	"label", "label conflict", "placeholder", "placeholder conflict", "alt", "title", "src", "row", "row conflict",
	"column", "column conflict", "form", "form conflict", "headings", "frame conflict", "own text", "around among alike",
}

// Features are the names of what is compared; Fitted is how many of them, from the first, the data has.
func Features() (names []string, fit int) { return append([]string(nil), featureNames[:]...), fitted }

type vector [features]float64

// seeker is a wanted element made ready for comparing with all elements of a page.
type seeker struct {
	p                                                    *Prepared
	want                                                 record
	text, near, class, parts, segs, heads                []float64
	textSum, nearSum, classSum, partSum, segSum, headSum float64
	links, names, rareText, rareSeg, rareName            []float64
	linkSum, nameSum                                     float64
	letters                                              *pattern
	route, idRoute                                       route
}

func (p *Prepared) seek(print *selector.Print) *seeker {
	s := &seeker{p: p}
	p.fill(&s.want, print, false)
	s.text, s.textSum = p.text.overlap(s.want.tokens)
	s.near, s.nearSum = p.near.overlap(s.want.near)
	s.class, s.classSum = p.class.overlap(s.want.class)
	s.parts, s.partSum = p.parts.overlap(s.want.classParts)
	s.segs, s.segSum = p.segs.overlap(s.want.segs)
	s.heads, s.headSum = p.heads.overlap(s.want.head)
	s.links, s.linkSum = p.links.overlap(s.want.links)
	s.names, s.nameSum = p.names.overlap(s.want.names)
	s.rareText, s.rareSeg, s.rareName = p.text.rarest(s.want.tokens), p.segs.rarest(s.want.segs), p.names.rarest(s.want.names)
	s.letters = newPattern(s.want.runes)
	s.route, s.idRoute = newRoute(s.want.steps), newRoute(s.want.idSteps)
	return s
}

func ratio(shared, a, b float64) float64 {
	if all := a + b - shared; all > 0 {
		return shared / all
	}
	return 0
}

func held(shared, a, b float64) float64 {
	if least := min(a, b); least > 0 {
		return min(shared/least, 1)
	}
	return 0
}

func part(shared, whole float64) float64 {
	if whole > 0 {
		return min(shared/whole, 1)
	}
	return 0
}

func is(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// both compares two hashes that may be unknown.
func both(a, b uint64) (same, conflict float64) {
	switch {
	case a == 0 || b == 0:
		return 0, 0
	case a == b:
		return 1, 0
	}
	return 0, 1
}

func smaller(a, b float64) float64 {
	if a == b {
		return 1
	}
	if m := max(a, b); m > 0 {
		return min(a, b) / m
	}
	return 0
}

// compare fills v with the comparison of the wanted element and element i.
func (s *seeker) compare(i int, v *vector) {
	t, c, w := &s.want, &s.p.recs[i], s.p
	*v = vector{}
	v[fTag] = is(t.tag == c.tag)
	v[fKind] = is(t.kind == c.kind)
	v[fButton] = is(t.button == c.button)

	v[fID], v[fIDConflict] = both(t.id, c.id)
	if v[fIDConflict] > 0 && (t.idStem == c.idStem || t.made || c.made) {
		v[fIDConflict] = 0
	}
	if v[fID] > 0 {
		v[fID] = 1 / float64(max(w.byID[c.id], 1))
	}
	if t.id != 0 && c.id != 0 && t.idStem == c.idStem && t.idStem != 0 {
		v[fIDStem] = 1 / float64(max(w.byStem[c.idStem], 1))
	}
	v[fIDMissing] = is((t.id == 0) != (c.id == 0))
	v[fName], v[fNameConflict] = both(t.name, c.name)
	if t.kind == kindCheck && t.text != c.text {
		v[fName] = 0 // it is the name of the whole group
	}

	v[fClass] = ratio(s.class[i], s.classSum, w.class.sum[i])
	v[fClassHeld] = held(s.class[i], s.classSum, w.class.sum[i])
	v[fClassPart] = ratio(s.parts[i], s.partSum, w.parts.sum[i])
	v[fClassMissing] = is((len(t.class) == 0) != (len(c.class) == 0))

	v[fHref], _ = both(t.href, c.href)
	if v[fHref] > 0 {
		v[fHrefRare] = w.segs.weight(w.byHref[c.href])
	}
	v[fHrefOther] = is(t.href != 0 && c.href != 0 && t.host != c.host)
	v[fHrefParts] = ratio(s.segs[i], s.segSum, w.segs.sum[i])
	v[fHrefLast], _ = both(t.hrefLast, c.hrefLast)
	v[fHrefMissing] = is((t.href == 0) != (c.href == 0))

	s.compareText(i, v)
	s.comparePath(c, v)
	if t.laidOut && c.laidOut {
		compareBox(t, c, v)
	}
	v[fAround] = ratio(s.near[i], s.nearSum, w.near.sum[i])
	v[fAroundHeld] = held(s.near[i], s.nearSum, w.near.sum[i])

	v[fHrefWords] = ratio(s.links[i], s.linkSum, w.links.sum[i])
	v[fWords] = ratio(s.names[i], s.nameSum, w.names.sum[i])
	v[fHrefRarest], v[fTextRarest], v[fWordsRarest] = s.rareSeg[i], s.rareText[i], s.rareName[i]
	v[fActs] = is(c.kind != kindOther && c.kind != kindCell && c.kind != kindHeading && c.kind != kindGraphic)
	v[fHoldsSame], v[fWithinSame] = is(c.holdsSame), is(c.withinSame)
	if n := bits.OnesCount16(t.region | c.region); n > 0 {
		v[fRegion] = float64(bits.OnesCount16(t.region&c.region)) / float64(n)
	}
	v[fRegionConflict] = is(t.region&edges != 0 && c.region&edges != 0 && t.region&c.region&edges == 0)
	if t.text == 0 {
		v[fBareNear], v[fBareTag], v[fBareClass] = v[fNear300], v[fTag], v[fClassPart]
		v[fBareBack], v[fBareShape], v[fBareAround] = v[fPathBack], v[fShape], v[fAround]
	}

	if t.accName != t.text || c.accName != c.text {
		v[fAccName], v[fAccNameConflict] = both(t.accName, c.accName)
	}
	v[fRole], v[fRoleConflict] = both(t.role, c.role)
	v[fType], v[fTypeConflict] = both(t.kindType, c.kindType)
	v[fTestID], v[fTestIDConflict] = both(t.testID, c.testID)
	v[fLabel], v[fLabelConflict] = both(t.label, c.label)
	v[fPlaceholder], v[fPlaceholderConflict] = both(t.placeholder, c.placeholder)
	v[fAlt], _ = both(t.alt, c.alt)
	v[fTitle], _ = both(t.title, c.title)
	v[fSrc], _ = both(t.src, c.src)
	v[fRow], v[fRowConflict] = both(t.row, c.row)
	v[fColumn], v[fColumnConflict] = both(t.column, c.column)
	v[fForm], v[fFormConflict] = both(t.form, c.form)
	v[fHeadings] = ratio(s.heads[i], s.headSum, w.heads.sum[i])
	v[fFrameConflict] = is(t.frame != c.frame)
	if t.alike > 1 {
		v[fAroundAlike] = v[fAround] // among alike ones the words around tell more than the place
	}
	v[fOwn] = is(t.own != 0 && t.own == c.own && t.text != c.text)
}

func (s *seeker) compareText(i int, v *vector) {
	t, c, w := &s.want, &s.p.recs[i], s.p
	if t.text == 0 && c.text == 0 {
		v[fTextNone] = 1
		v[fEmptyAll] = is(t.href == 0 && c.href == 0 && t.kind == c.kind)
		return
	}
	if (t.text == 0) != (c.text == 0) {
		v[fTextMissing] = 1
		return
	}
	front := 0
	for front < min(len(t.runes), len(c.runes)) && t.runes[front] == c.runes[front] {
		front++
	}
	v[fTextFront] = float64(front) / float64(max(len(t.runes), len(c.runes), 1))
	longest := float64(max(len(t.runes), len(c.runes)))
	v[fTextLength] = smaller(float64(len(t.runes)), float64(len(c.runes)))
	if t.text == c.text {
		v[fText], v[fTextLetters], v[fTextWords], v[fTextHeld], v[fTextHolds] = 1, 1, 1, 1, 1
		v[fTextRare] = w.text.weight(w.byText[c.text])
		v[fTextOnly] = is(w.byText[c.text] == 1)
		return
	}
	if longest > 0 {
		v[fTextLetters] = 1 - float64(s.letters.distance(c.runes))/longest
	}
	v[fTextWords] = ratio(s.text[i], s.textSum, w.text.sum[i])
	v[fTextHeld] = part(s.text[i], s.textSum)
	v[fTextHolds] = part(s.text[i], w.text.sum[i])
	v[fTextOther] = is(s.text[i] == 0 && v[fTextLetters] < 0.5)
	v[fNumbers] = is(t.numbers != 0 && c.numbers != 0 && t.numbers != c.numbers)
}

func (s *seeker) comparePath(c *record, v *vector) {
	t := &s.want
	if n := max(len(t.steps), len(c.steps)); n > 0 && min(len(t.steps), len(c.steps)) > 0 {
		longest := float64(n)
		front, back, backTags := common(t.steps, c.steps)
		v[fPath] = is(t.path == c.path)
		v[fPathTags] = float64(s.route.lcs(c.steps)) / longest
		v[fPathFront] = float64(front) / longest
		v[fPathBack] = float64(min(back, 5)) / 5
		v[fPathBackTags] = float64(backTags) / longest
		v[fPathDepth] = smaller(float64(len(t.steps)), float64(len(c.steps)))
		v[fPathIndex] = is(t.steps[len(t.steps)-1].index == c.steps[len(c.steps)-1].index)
	}
	if t.anchor != 0 && c.anchor != 0 {
		v[fAnchor], v[fAnchorConflict] = both(t.anchor, c.anchor)
	}
	if n := max(len(t.idSteps), len(c.idSteps)); n > 0 {
		_, back, _ := common(t.idSteps, c.idSteps)
		v[fAnchorTags] = float64(s.idRoute.lcs(c.idSteps)) / float64(n)
		v[fAnchorBack] = float64(back) / float64(n)
	}
}

func compareBox(t, c *record, v *vector) {
	dx, dy := math.Abs(t.x-c.x), math.Abs(t.y-c.y)
	d := math.Hypot(dx, dy)
	v[fNear100], v[fNear300] = math.Exp(-d/100), math.Exp(-d/300)
	v[fNearX], v[fNearY] = math.Exp(-dx/100), math.Exp(-dy/100)
	v[fNearRight] = math.Exp(-math.Abs(t.x+t.w-c.x-c.w) / 100)
	v[fFarY] = math.Exp(-dy / 1000)
	v[fArea] = smaller(t.w*t.h, c.w*c.h)
	v[fWidth], v[fHeight] = smaller(t.w, c.w), smaller(t.h, c.h)
	v[fShape] = smaller(t.w*c.h, c.w*t.h)
}
