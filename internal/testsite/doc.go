// Package testsite is Aether's practice site: pages to try an automation on, offline and inside the binary, with a
// hidden ledger of what was really done and a switch that changes every page as a new release would.
//
//	site, err := testsite.New(testsite.Config{Seed: 1, Level: 3})
//	srv := httptest.NewServer(site.Handler())      // or site.Serve(ctx, listener)
//	… automate srv.URL + "/challenge/" …
//	site.Ledger().All("challenge.done")            // what it came to
//	site.Ledger().Twice("challenge.submit")        // what a resumed run did again: nothing
//	site.Truth("/challenge/")                      // which element of the page was which
//
// The parts: /challenge/ (package challenge), /acme/ (package acme) and /pages/ (package pages), each with its effects
// in its documentation. Package mutate says how pages are written so that they work at every level. State is kept in
// memory: it outlives browsers and robots, but not the process that serves the site.
package testsite
