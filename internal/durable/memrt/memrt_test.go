package memrt_test

import (
	"testing"

	"github.com/aether-rpa/aether/internal/durable"
	"github.com/aether-rpa/aether/internal/durable/durabletest"
	"github.com/aether-rpa/aether/internal/durable/memrt"
)

func TestContract(t *testing.T) {
	durabletest.Exercise(t, func(*testing.T) durable.Runtime { return memrt.New() })
}
