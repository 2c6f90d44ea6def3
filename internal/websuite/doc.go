// Package websuite drives a real browser over the whole practice site as a person would, by labels, roles and texts,
// and holds what the driver reports against the site's ledger: the right effects, each once. What a hostile page does
// to the driver is tried here, too: an action fails as what it is, or it succeeds for real.
package websuite
