package process

// RunMarker is the environment variable that says for which run of which Aether
// a program was started; see [RunMark].
const RunMarker = "AETHER_RUN"

// RunMark is what is put into the environment of the programs of a run, as
// KEY=value. However such a program was started, and whatever session it moves
// to, [KillOrphans] and [KillRun] find it. Programs of [Start] do not carry it.
// The scope, letters and digits, keeps the installations on a machine apart.
func RunMark(scope, run string) string { return RunMarker + "=" + runToken(scope, run) }

// Orphan is a process that was found without the Aether, or the run, which it
// was started for. It says nothing of the command line, which may hold secrets.
type Orphan struct {
	PID  int
	Name string // of the program, as the system has it
	Run  string // "" if it is not known
}
