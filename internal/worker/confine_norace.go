//go:build !race

package worker

// underRace is true in builds with the race detector, which reserves far more
// addresses than a limit on them could allow.
const underRace = false
