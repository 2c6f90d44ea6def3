package heal

// self fills v with the comparison of the wanted element with itself, were it alone of its sort on the page: the most that
// an element can reach.
func (s *seeker) self(v *vector) {
	t := &s.want
	*v = vector{}
	has := func(b bool, fs ...int) {
		for _, f := range fs {
			v[f] = is(b)
		}
	}
	has(true, fTag, fKind, fButton)
	has(len(t.steps) > 0, fPath, fPathTags, fPathFront, fPathBackTags, fPathDepth, fPathIndex)
	has(len(t.idSteps) > 0, fAnchorTags, fAnchorBack)
	v[fPathBack] = float64(min(len(t.steps), 5)) / 5
	has(t.id != 0, fID, fIDStem)
	has(t.name != 0, fName)
	has(len(t.class) > 0, fClass, fClassHeld)
	has(len(t.classParts) > 0, fClassPart)
	has(t.href != 0, fHref, fHrefRare, fHrefParts, fHrefLast, fHrefWords, fHrefRarest)
	has(t.text != 0, fText, fTextRare, fTextLetters, fTextWords, fTextHeld, fTextHolds, fTextLength, fTextOnly, fTextRarest, fTextFront)
	has(t.text == 0, fTextNone, fBareTag)
	has(t.text == 0 && t.href == 0, fEmptyAll)
	has(len(t.names) > 0, fWords, fWordsRarest)
	has(t.anchor != 0, fAnchor)
	has(t.laidOut, fNear100, fNear300, fNearX, fNearY, fNearRight, fFarY, fArea, fWidth, fHeight, fShape)
	has(len(t.near) > 0, fAround, fAroundHeld)
	has(t.kind != kindOther && t.kind != kindCell && t.kind != kindHeading && t.kind != kindGraphic, fActs)
	has(t.region != 0, fRegion)
	if t.text == 0 {
		v[fBareNear], v[fBareClass], v[fBareBack], v[fBareShape], v[fBareAround] = v[fNear300], v[fClassPart], v[fPathBack], v[fShape], v[fAround]
	}
	has(t.accName != 0 && t.accName != t.text, fAccName)
	for f, h := range map[int]uint64{
		fRole: t.role, fType: t.kindType, fTestID: t.testID, fLabel: t.label, fPlaceholder: t.placeholder, fAlt: t.alt,
		fTitle: t.title, fSrc: t.src, fRow: t.row, fColumn: t.column, fForm: t.form,
	} {
		has(h != 0, f)
	}
	has(len(t.head) > 0, fHeadings)
	has(t.alike > 1 && len(t.near) > 0, fAroundAlike)
}
