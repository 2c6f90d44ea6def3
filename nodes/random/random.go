// Package random holds the nodes that draw at random. All of them read from
// env.Rand, without bias; their results are recorded, so that a resumed run
// sees the same ones.
package random

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "random", Title: "Random", Doc: "Draw random numbers, items, passwords, ids and test data."})
}

// read fills b with random bytes.
func read(env *node.Env, b []byte) error {
	if _, err := io.ReadFull(env.Rand, b); err != nil {
		return fmt.Errorf("reading random bytes: %w", err)
	}
	return nil
}

// below draws a number from 0 to n-1, each equally likely; n must not be 0.
// Values from the incomplete last range are drawn again.
func below(env *node.Env, n uint64) (uint64, error) {
	var b [8]byte
	for {
		if err := read(env, b[:]); err != nil {
			return 0, err
		}
		hi, lo := bits.Mul64(binary.LittleEndian.Uint64(b[:]), n)
		if lo >= -n%n {
			return hi, nil
		}
	}
}

// index draws a position in a list of n items.
func index(env *node.Env, n int) (int, error) {
	i, err := below(env, uint64(n))
	return int(i), err
}

// unit draws a number from 0 up to, but not including, 1.
func unit(env *node.Env) (float64, error) {
	n, err := below(env, 1<<53)
	return float64(n) / (1 << 53), err
}

// shuffle puts the first n items of s in random order, drawn from all of s.
func shuffle[T any](env *node.Env, s []T, n int) error {
	for i := 0; i < n && i < len(s)-1; i++ {
		j, err := index(env, len(s)-i)
		if err != nil {
			return err
		}
		s[i], s[i+j] = s[i+j], s[i]
	}
	return nil
}
