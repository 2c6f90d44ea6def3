// Package webcrash kills robots and browsers at every step of a flow that works in a browser, and holds what comes of
// it against the run that nothing disturbed.
package webcrash
