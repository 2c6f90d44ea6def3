package sheet

import _ "embed"

// Workbooks for examples, as TestSamples makes them. They are not made when the program starts, which would take its time.
var (
	//go:embed sample/orders.xlsx
	ordersXLSX string
	//go:embed sample/two.xlsx
	twoXLSX string
)
