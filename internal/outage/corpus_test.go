package outage

import (
	"path/filepath"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	kit "github.com/tieline/tieline/internal/testkit/corpus"
)

// folder is a network of the corpus with its folder as seen from here.
type folder struct{ name, dir string }

// corpus lists the networks that plan.
var corpus = folders()

func folders() []folder {
	var out []folder
	for _, n := range kit.Networks {
		out = append(out, folder{n.Name, filepath.Join("../..", n.Dir)})
	}
	return out
}

// compiled compiles the network of a folder.
func compiled(t testing.TB, dir string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	return kit.Compile(t, dir)
}
