package archive

import _ "embed"

// Archives for examples, as TestSamples makes them. They are not made when the program starts, which would take its time.
var (
	//go:embed sample/a.zip
	sampleZip string
	//go:embed sample/a.tar
	sampleTar string
	//go:embed sample/a.tgz
	sampleTgz string
	//go:embed sample/hello.gz
	sampleGz string // hello
	//go:embed sample/table.csv.gz
	sampleCSV string
)
