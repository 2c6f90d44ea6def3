package check

// Names of the rules. They are part of what programs see and do not change.
const (
	UnknownType       = "unknown-type"
	MissingNode       = "missing-node"
	UnknownParam      = "unknown-param"
	MissingParam      = "missing-param"
	WrongType         = "wrong-type"
	WrongValue        = "wrong-value"
	Params            = "params"
	BadExpression     = "bad-expression"
	NotExpression     = "not-expression"
	NoTemplate        = "no-template"
	UnknownVar        = "unknown-var"
	UnknownInput      = "unknown-input"
	UnknownNode       = "unknown-node"
	UnknownOutput     = "unknown-output"
	UnknownField      = "unknown-field"
	NeverBefore       = "never-before"
	NoLoop            = "no-loop"
	NoError           = "no-error"
	SecretText        = "secret-text"
	TypeMismatch      = "type-mismatch"
	EdgeNode          = "edge-node"
	EdgePort          = "edge-port"
	EdgeSelf          = "edge-self"
	EdgeTwice         = "edge-twice"
	PortTaken         = "port-taken"
	AfterEnd          = "after-end"
	UnknownStart      = "unknown-start"
	DuplicateID       = "duplicate-id"
	Unreachable       = "unreachable"
	Cycle             = "cycle"
	TwoScopes         = "two-scopes"
	TooDeep           = "too-deep"
	NotInLoop         = "not-in-loop"
	LeavesBranch      = "leaves-branch"
	EmptyScope        = "empty-scope"
	RetryControl      = "retry-control"
	RetryOnce         = "retry-once"
	ErrorEdge         = "error-edge"
	NothingInterrupts = "nothing-interrupts"
	CallFlow          = "call-flow"
	CallInput         = "call-input"
	ReturnOutput      = "return-output"
	RequiredDefault   = "required-default"
	InputEnum         = "input-enum"
	VarTemplate       = "var-template"
	UnusedInput       = "unused-input"
	UnusedVar         = "unused-var"
)

// Rule describes one rule for the reference.
type Rule struct{ Name, Doc string }

// Rules lists all rules, for the reference pages.
var Rules = []Rule{
	{UnknownType, "The type of a node does not exist."},
	{MissingNode, "A node stands for one that an import could not translate; the flow fails if it is reached."},
	{UnknownParam, "A node has no param of that name."},
	{MissingParam, "A required param is not given."},
	{WrongType, "A param holds a value of the wrong type."},
	{WrongValue, "A param holds a value that is not among its choices or beyond its limits."},
	{Params, "The params of a node do not fit together."},
	{BadExpression, "The text between {{ and }} is not an expression."},
	{NotExpression, "A text looks like an expression but has no {{ }} around it."},
	{NoTemplate, "An expression stands where only plain values are taken."},
	{UnknownVar, "An expression reads a variable that is neither declared nor set."},
	{UnknownInput, "An expression reads an input that is not declared."},
	{UnknownNode, "An expression reads the output of a node that does not exist."},
	{UnknownOutput, "An expression reads an output that the node does not have."},
	{UnknownField, "An expression reads a field of loop, run or flow that does not exist."},
	{NeverBefore, "An expression reads the output of a node that can never have run before."},
	{NoLoop, "An expression reads loop or loops outside of a loop."},
	{NoError, "An expression reads error where nothing can have failed."},
	{SecretText, "A secret is written into the flow as plain text."},
	{TypeMismatch, "An expression gives a value of a type that cannot be used there."},
	{EdgeNode, "A wire names a node that does not exist."},
	{EdgePort, "A wire leaves from a port that the node does not have."},
	{EdgeSelf, "A wire leads from a node to itself."},
	{EdgeTwice, "A wire is written twice."},
	{PortTaken, "Two wires leave from a port that takes one."},
	{AfterEnd, "A wire leaves from a node after which nothing runs."},
	{UnknownStart, "The start node does not exist."},
	{DuplicateID, "Two nodes have the same id."},
	{Unreachable, "No way leads from the start to a node."},
	{Cycle, "Wires lead in a circle."},
	{TwoScopes, "A node is reached from inside a loop, branch or try and from outside it as well."},
	{TooDeep, "Loops, branches and tries are nested too deeply."},
	{NotInLoop, "flow.break or flow.continue stands outside of a loop."},
	{LeavesBranch, "flow.break, flow.continue or flow.return would leave a branch that runs beside others."},
	{EmptyScope, "A loop, retry, try or parallel node has nothing to walk."},
	{RetryControl, "retry is set on a node that steers."},
	{RetryOnce, "A node that must not act twice is tried again when it fails."},
	{ErrorEdge, "on_error is set although a wire leaves the port error."},
	{NothingInterrupts, "on_interrupted is set on a node that a crash cannot leave half done."},
	{CallFlow, "The flow that is called cannot be read."},
	{CallInput, "The inputs given to a called flow do not fit its declaration."},
	{ReturnOutput, "flow.return gives an output that the flow does not declare."},
	{RequiredDefault, "An input is required and has a default."},
	{InputEnum, "The choices of an input do not fit its type or its default."},
	{VarTemplate, "A first value or a default holds an expression, which is not evaluated there."},
	{UnusedInput, "An input is never read."},
	{UnusedVar, "A declared variable is neither read nor set."},
}
