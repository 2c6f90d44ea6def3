package heal

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed weights.json
var weightsFile []byte

// shipped is the model that the program carries; a test reads it, so it can be read.
var shipped = func() *Model {
	m, err := Load(weightsFile)
	if err != nil {
		panic(err)
	}
	return m
}()

// Shipped is the model that the program carries.
func Shipped() *Model { return shipped }

// Model is a set of weights. It is safe for use by several goroutines.
type Model struct {
	file           Weights
	rank, flatRank [features]float64
	yes, flatYes   accept
}

// Weights is what a file of weights holds. All are sums: of weight times feature for the score of an element, and of
// weight times evidence for the log-odds that the best element is the one meant.
type Weights struct {
	Version int    `json:"version"`
	Data    string `json:"data"`
	Note    string `json:"note"`
	// Sites are those whose pages the weights were fitted to: they may not be tested with them.
	Sites []string `json:"sites"`
	// Rank ranks the elements of a page with layout, Flat those of one without; Prior are weights of features that the
	// data does not have, set by hand.
	Rank  map[string]float64 `json:"rank"`
	Flat  map[string]float64 `json:"rank_without_layout"`
	Prior map[string]float64 `json:"prior"`
	// Accept, AcceptFlat and AcceptPrior are the same for the decision.
	Accept      map[string]float64 `json:"accept"`
	AcceptFlat  map[string]float64 `json:"accept_without_layout"`
	AcceptPrior map[string]float64 `json:"accept_prior"`
	// Heal, Sensitive and Ask are the least probabilities for healing, for healing where a wrong element does harm, and
	// for asking.
	Heal      float64 `json:"heal"`
	Sensitive float64 `json:"sensitive"`
	Ask       float64 `json:"ask"`
	// AskShare is the least Share for asking about an element of the same kind, whatever the probability: where one stands
	// out a person can tell whether it is the one, and nobody can where none does.
	AskShare float64 `json:"ask_share"`
}

// Load reads a file of weights.
func Load(file []byte) (*Model, error) {
	var w Weights
	if err := json.Unmarshal(file, &w); err != nil {
		return nil, fmt.Errorf("reading weights: %w", err)
	}
	return New(w)
}

// New makes a model of weights.
func New(w Weights) (*Model, error) {
	m := &Model{file: w}
	for _, t := range []struct {
		to   *[features]float64
		from map[string]float64
	}{{&m.rank, w.Rank}, {&m.rank, w.Prior}, {&m.flatRank, w.Flat}, {&m.flatRank, w.Prior}} {
		for name, v := range t.from {
			i := slices.Index(featureNames[:], name)
			if i < 0 {
				return nil, fmt.Errorf("reading weights: there is no feature %q", name)
			}
			t.to[i] = v
		}
	}
	for _, t := range []struct {
		to   *accept
		from map[string]float64
	}{{&m.yes, w.Accept}, {&m.yes, w.AcceptPrior}, {&m.flatYes, w.AcceptFlat}, {&m.flatYes, w.AcceptPrior}} {
		for name, v := range t.from {
			i := slices.Index(evidenceNames[:], name)
			if i < 0 {
				return nil, fmt.Errorf("reading weights: there is no evidence %q", name)
			}
			t.to[i] = v
		}
	}
	return m, nil
}

// Weights returns what the model was made of.
func (m *Model) Weights() Weights { return m.file }

// ranks are the weights for a page.
func (m *Model) ranks(laid bool) *[features]float64 {
	if laid {
		return &m.rank
	}
	return &m.flatRank
}
