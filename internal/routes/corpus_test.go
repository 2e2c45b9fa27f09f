package routes_test

import (
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	kit "github.com/tieline/tieline/internal/testkit/corpus"
)

// corpus holds the folders of the networks that the proof is held against.
var corpus = folders()

func folders() map[string]string {
	out := map[string]string{}
	for _, n := range kit.Networks {
		out[n.Name] = filepath.Join("../..", n.Dir)
	}
	return out
}

// load compiles a network of the corpus.
func load(t testing.TB, name string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	return kit.Compile(t, corpus[name])
}
