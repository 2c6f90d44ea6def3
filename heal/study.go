package heal

// Each calls f with the comparison of a wanted element and each element that may be meant, by the features of
// Features: what the weights are fitted to. The slice is only valid during the call.
func (p *Prepared) Each(w Wanted, f func(element int, features []float64)) {
	s := p.seek(&w.Print)
	var v vector
	for i := range p.recs {
		if p.may[i] {
			s.compare(i, &v)
			f(i, v[:])
		}
	}
}

// Weighed is the evidence that P was made of, by the names of Weighable, nil if there was no element.
func (v *Verdict) Weighed() []float64 {
	if v.Best < 0 {
		return nil
	}
	return append([]float64(nil), v.weighed[:]...)
}

// Weighable are the names of the evidence for the decision: what the weights of Accept are fitted to.
func Weighable() []string { return append([]string(nil), evidenceNames[:]...) }
