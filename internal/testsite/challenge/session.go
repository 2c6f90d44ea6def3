package challenge

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"time"
)

// session is a visitor's challenge. The site keeps it, and not the page, so that a robot that was killed finds the
// round it was in when it opens the page again; this is the one way in which the original is not copied.
type session struct {
	attempt string // names the try in the ledger; a new one at each reset
	variant Variant
	lang    language
	rand    *mathrand.Rand

	round  int // 0 before the start, Rounds+1 after the last
	begun  time.Time
	ended  time.Time
	points int
	form   *form   // that is shown
	forms  []*form // that were shown, oldest first
}

// form is the form as it was shown once.
type form struct {
	token  string
	fields []shown
	round  int  // in which it was submitted
	sent   bool // in a round
}

// shown is a field of a form.
type shown struct {
	Field Field
	ID    string
	Width int
	Label string
	Aria  bool // variant c: the label is for screen readers only
}

// keptForms is how many old forms are remembered, to tell what comes a second time.
const keptForms = 64

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// reset begins anew.
func (s *session) reset() {
	s.attempt, s.round, s.points, s.begun, s.ended, s.forms = newID(), 0, 0, time.Time{}, time.Time{}, nil
	s.reshuffle()
}

// reshuffle shows the fields in another order, with other ids and other widths.
func (s *session) reshuffle() {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	f := &form{token: newID()[:8]}
	used := map[string]bool{}
	for _, i := range s.rand.Perm(len(Fields)) {
		id := ""
		for id == "" || used[id] {
			b := make([]byte, 5)
			b[0] = alphabet[s.rand.IntN(52)]
			for j := 1; j < len(b); j++ {
				b[j] = alphabet[s.rand.IntN(len(alphabet))]
			}
			id = string(b)
		}
		used[id] = true
		label := s.lang.Labels[i]
		switch s.variant {
		case Reworded:
			label = reworded[i][s.rand.IntN(len(reworded[i]))]
		case Drawn:
			label = Fields[i].String()
		}
		f.fields = append(f.fields, shown{Field: Fields[i], ID: id, Width: 3 + s.rand.IntN(12), Label: label, Aria: s.rand.IntN(2) == 0})
	}
	s.form = f
	s.forms = append(s.forms, f)
	if len(s.forms) > keptForms {
		s.forms = s.forms[1:]
	}
}

// find returns the form that was shown with the token, nil if none was in this try.
func (s *session) find(token string) *form {
	for _, f := range s.forms {
		if f.token == token {
			return f
		}
	}
	return nil
}

// score returns how many of the values are right for the round, and all of them by the names of their fields.
func (f *form) score(round int, values map[string][]string) (points int, got map[string]string) {
	got = map[string]string{}
	for _, field := range f.fields {
		sent, ok := values[field.ID]
		if !ok {
			continue
		}
		got[field.Field.String()] = sent[0]
		if round >= 1 && round <= Rounds && len(sent) == 1 && sent[0] == people[round-1][field.Field] {
			points++
		}
	}
	return points, got
}
