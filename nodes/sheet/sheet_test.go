package sheet

import (
	"testing"

	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "sheet") }
