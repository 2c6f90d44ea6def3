// Package crashtest kills Aether and looks at what is left. It holds tests only.
//
// A test starts this test binary again as the victim: a process that opens the
// database as the command line does and executes one run. The victim kills
// itself with SIGKILL at a point that it was told: before or after one record,
// or one of the moments around the walk of the flow (see the points in
// victim_test.go). Then it is started again, without an order to die, until the
// run has ended. Nodes of the victim tell the ledger, which lives in the test
// process and so survives, that they were visited and that they acted.
//
// For each shape of flow the run that nothing disturbed gives the points to die
// at and what must come out. The rules that every disturbed run is held to are
// in check_test.go.
//
// The PostgreSQL half runs when AETHER_TEST_POSTGRES holds a URL whose user may
// create databases. A -short run takes a sample of the points.
package crashtest
