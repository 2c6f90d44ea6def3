package doc

import _ "embed"

// letterDocx is a small template for examples, as TestSample makes it. It is not made when the program starts, which
// would take its time. Word would store a placeholder in pieces as it is here.
//
//go:embed sample/letter.docx
var letterDocx string
