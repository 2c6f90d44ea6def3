package challenge

import (
	"net/http"
	"strconv"
)

// start begins the clock, or clears a finished try away. While the rounds run it does nothing, as the button of the
// original does.
func (c *challenge) start(w http.ResponseWriter, r *http.Request) {
	s := c.visit(w, r, false)
	if s == nil {
		return
	}
	defer c.mu.Unlock()
	switch {
	case s.round == 0:
		s.round, s.begun = 1, c.cfg.Now()
		c.cfg.Ledger.Add("challenge.start", s.attempt, map[string]string{"variant": string(s.variant)})
	case s.round > Rounds:
		c.cfg.Ledger.Add("challenge.reset", s.attempt, nil)
		s.reset()
		c.answer(w, r, s, true)
		return
	}
	c.answer(w, r, s, false)
}

// submit takes a form, scores it if a round is on, and shows the next.
func (c *challenge) submit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read: "+err.Error()+".", http.StatusBadRequest)
		return
	}
	s := c.visit(w, r, false)
	if s == nil {
		return
	}
	defer c.mu.Unlock()
	f := s.find(r.URL.Query().Get("form"))
	if f == nil {
		http.Error(w, "The form that was sent was not shown in this try: open the page again.", http.StatusConflict)
		return
	}
	switch {
	case f.sent:
		c.write(s, f, f.round, r.PostForm, true)
		http.Error(w, "This form was already submitted, as round "+strconv.Itoa(f.round)+": nothing was scored. Open the page again.", http.StatusConflict)
		return
	case s.round == 0 || s.round > Rounds:
		_, values := f.score(0, r.PostForm)
		values["variant"] = string(s.variant)
		c.cfg.Ledger.Add("challenge.shuffle", s.attempt+"/"+f.token, values)
	default:
		f.sent, f.round = true, s.round
		s.points += c.write(s, f, s.round, r.PostForm, false)
		s.round++
		if s.round > Rounds {
			s.ended = c.cfg.Now()
			c.cfg.Ledger.Add("challenge.done", s.attempt, map[string]string{
				"variant": string(s.variant), "points": strconv.Itoa(s.points), "rate": rate(s.points),
				"ms": strconv.FormatInt(s.ended.Sub(s.begun).Milliseconds(), 10),
			})
		}
	}
	s.reshuffle()
	c.answer(w, r, s, true)
}

// write scores a form, and writes it to the ledger.
func (c *challenge) write(s *session, f *form, round int, values map[string][]string, again bool) int {
	points, facts := f.score(round, values)
	facts["variant"], facts["round"], facts["form"] = string(s.variant), strconv.Itoa(round), f.token
	facts["points"] = strconv.Itoa(points)
	if again {
		facts["again"] = "true"
	}
	c.cfg.Ledger.Add("challenge.submit", s.attempt+"/"+strconv.Itoa(round), facts)
	return points
}
