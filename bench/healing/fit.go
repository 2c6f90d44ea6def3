package main

import "math"

// list is the elements of one page that compete for one target: their features and which is right.
type list struct {
	site  string
	rows  [][]float64
	truth int
}

// softmax fits weights so that the right elements of the lists have the largest share, by Newton's method. l2 pulls
// each weight towards its mean, which may be nil for 0.
func softmax(lists []*list, n int, l2 float64, mean, start []float64) []float64 {
	w := make([]float64, n)
	copy(w, start)
	if mean == nil {
		mean = make([]float64, n)
	}
	for range 30 {
		g, h := make([]float64, n), square(n)
		before := 0.0
		for i := range w {
			g[i] = l2 * (w[i] - mean[i])
			h[i][i] = l2
			before += l2 / 2 * (w[i] - mean[i]) * (w[i] - mean[i])
		}
		for _, l := range lists {
			before += l.add(w, g, h)
		}
		step := solve(h, g)
		size, rate := 0.0, 1.0
		for ; rate > 1e-3; rate /= 2 {
			next, after := make([]float64, n), 0.0
			for i := range w {
				next[i] = w[i] - rate*step[i]
				after += l2 / 2 * (next[i] - mean[i]) * (next[i] - mean[i])
			}
			for _, l := range lists {
				after += l.loss(next)
			}
			if after <= before {
				for i := range w {
					size = max(size, math.Abs(next[i]-w[i]))
				}
				w = next
				break
			}
		}
		if size < 1e-4 {
			break
		}
	}
	return w
}

func (l *list) shares(w []float64) (p []float64, loss float64) {
	p = make([]float64, len(l.rows))
	top := math.Inf(-1)
	for r, x := range l.rows {
		for i, v := range x[:len(w)] {
			p[r] += v * w[i]
		}
		top = max(top, p[r])
	}
	sum, z := 0.0, p[l.truth]
	for r := range p {
		p[r] = math.Exp(p[r] - top)
		sum += p[r]
	}
	for r := range p {
		p[r] /= sum
	}
	return p, math.Log(sum) + top - z
}

func (l *list) loss(w []float64) float64 {
	_, loss := l.shares(w)
	return loss
}

// add adds the list's gradient and Hessian and returns its loss.
func (l *list) add(w, g []float64, h [][]float64) float64 {
	p, loss := l.shares(w)
	n := len(w)
	mean := make([]float64, n)
	for r, x := range l.rows {
		if p[r] < 1e-9 {
			continue
		}
		for i := range n {
			if x[i] == 0 {
				continue
			}
			px := p[r] * x[i]
			mean[i] += px
			row := h[i]
			for j := range i + 1 {
				row[j] += px * x[j]
			}
		}
	}
	for i := range n {
		g[i] += mean[i] - l.rows[l.truth][i]
		for j := range i + 1 {
			h[i][j] -= mean[i] * mean[j]
		}
	}
	return loss
}

// example is a decision that was right or wrong.
type example struct {
	site   string
	x      []float64
	yes    bool
	weight float64
}

// logistic fits the log-odds of being right, by Newton's method. The first feature is the bias and not pulled to 0.
func logistic(all []example, n int, l2 float64) []float64 {
	w := make([]float64, n)
	for range 50 {
		g, h := make([]float64, n), square(n)
		for i := range w {
			h[i][i] = 1e-6
			if i > 0 {
				g[i], h[i][i] = l2*w[i], l2
			}
		}
		for _, e := range all {
			p := odds(w, e.x)
			y := 0.0
			if e.yes {
				y = 1
			}
			d, c := e.weight*(p-y), e.weight*max(p*(1-p), 1e-6)
			for i, x := range e.x {
				if x == 0 {
					continue
				}
				g[i] += d * x
				for j := range i + 1 {
					h[i][j] += c * x * e.x[j]
				}
			}
		}
		step := solve(h, g)
		size := 0.0
		for i := range w {
			s := max(min(step[i], 2), -2)
			w[i] -= s
			size = max(size, math.Abs(s))
		}
		if size < 1e-5 {
			break
		}
	}
	return w
}

func odds(w, x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += v * w[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

func square(n int) [][]float64 {
	h := make([][]float64, n)
	for i := range h {
		h[i] = make([]float64, n)
	}
	return h
}

// solve returns x with h x = g, of a positive definite matrix whose lower half is given, by Cholesky's method.
func solve(h [][]float64, g []float64) []float64 {
	n := len(g)
	for i := range n {
		for j := range i + 1 {
			sum := h[i][j]
			for k := range j {
				sum -= h[i][k] * h[j][k]
			}
			if i == j {
				h[i][i] = math.Sqrt(max(sum, 1e-12))
			} else {
				h[i][j] = sum / h[j][j]
			}
		}
	}
	x := append([]float64(nil), g...)
	for i := range n {
		for k := range i {
			x[i] -= h[i][k] * x[k]
		}
		x[i] /= h[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= h[k][i] * x[k]
		}
		x[i] /= h[i][i]
	}
	return x
}
