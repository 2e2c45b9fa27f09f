package networks_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/testkit/networks"
	"github.com/tieline/tieline/internal/verify"
)

// TestGolden holds what each stage makes of each network, the proof included,
// against the prints in golden/. Networks start from an empty lock, as on a first plan.
func TestGolden(t *testing.T) {
	each(t, true, func(t *testing.T, n network) {
		d := n.compile(t, n.text(t), lock.Lock{})
		files := d.render(t, d.Layout)
		proof := verify.New(d.Network, d.atlas)
		prints := map[string]string{
			"lock.txt":    networks.Addresses(d.Network, d.Lock),
			"network.txt": networks.Network(d.Network),
			"bill.txt":    networks.Bill(price.Compute(d.Network, d.atlas, proof.Tables)),
			"tables.txt":  networks.Tables(proof.Tables),
			"proof.txt":   networks.Proof(proof, outage.New(proof).Try(outage.Options{At: 1})),
			"diags.txt":   d.Diags.String(),
		}
		if n.huge {
			golden(t, filepath.Join(n.name, "digest.txt"), digest(d, prints, files))
			return
		}
		prints["terraform.txt"] = listing(files)
		for _, name := range slices.Sorted(maps.Keys(prints)) {
			golden(t, filepath.Join(n.name, name), []byte(prints[name]))
		}
		if n.full {
			goldenTree(t, filepath.Join(n.name, "terraform"), files)
		}
	})
}

// listing gives each file with its count of lines, and of resources.
func listing(files fstest.MapFS) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name].Data
		fmt.Fprintf(&b, "%-48s %5d lines %3d resources\n", name, bytes.Count(data, []byte("\n")), bytes.Count(data, []byte("\nresource \""))+count(bytes.HasPrefix(data, []byte("resource \""))))
	}
	return b.String()
}

func count(ok bool) int {
	if ok {
		return 1
	}
	return 0
}

// digest gives counts and a checksum of each print, for what is too large to be kept.
func digest(d design, prints map[string]string, files fstest.MapFS) []byte {
	var b strings.Builder
	for _, c := range []struct {
		what string
		n    int
	}{
		{"sites", len(d.Sites)},
		{"VPCs", len(d.VPCs)},
		{"subnets", len(d.Subnets)},
		{"gateways", len(d.Gateways)},
		{"attachments", len(d.Attachments)},
		{"links", len(d.Links)},
		{"connections", len(d.Connections)},
		{"tunnels", len(d.Tunnels)},
		{"route tables", len(d.RouteTables)},
		{"endpoints", len(d.Endpoints)},
		{"flow logs", len(d.FlowLogs)},
		{"filters", len(d.Filters)},
		{"policy rules", len(d.Policy)},
		{"flows", len(d.Flows)},
		{"reasons", len(d.Reasons)},
		{"lock entries", d.Lock.Len()},
		{"findings", len(d.Diags)},
		{"files", len(files)},
	} {
		fmt.Fprintf(&b, "%6d %s\n", c.n, c.what)
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s %d\n%s", name, len(files[name].Data), files[name].Data)
	}
	for _, name := range slices.Sorted(maps.Keys(prints)) {
		fmt.Fprintf(&b, "%x %s\n", sha256.Sum256([]byte(prints[name])), name)
	}
	fmt.Fprintf(&b, "%x terraform\n", sum.Sum(nil))
	return []byte(b.String())
}

// goldenTree compares a whole folder: no file more, none less.
func goldenTree(t *testing.T, dir string, files fstest.MapFS) {
	t.Helper()
	root := filepath.Join("golden", dir)
	if *update {
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		golden(t, filepath.Join(dir, name), files[name].Data)
	}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && files[name] == nil {
			t.Errorf("%s is not rendered any more", filepath.Join(root, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestExamplesHaveLocks: the committed lock of an example is the one of its
// first plan, so that a reader's first plan changes nothing.
func TestExamplesHaveLocks(t *testing.T) {
	each(t, false, func(t *testing.T, n network) {
		if !strings.HasPrefix(n.dir, examples) {
			t.Skip("no example")
		}
		path := filepath.Join(n.dir, lockName)
		got := n.compile(t, n.text(t), lock.Lock{}).Lock.Marshal()
		if *update {
			write(t, path, got)
			return
		}
		if diff := cmp.Diff(string(read(t, path)), string(got)); diff != "" {
			t.Errorf("%s differs from a first plan's (-want +got):\n%s", path, short(diff))
		}
	})
}

// TestLoad: what is read from the folder is what these tests parse.
func TestLoad(t *testing.T) {
	each(t, false, func(t *testing.T, n network) {
		s, diags := spec.Load(n.dir)
		if diags.HasErrors() {
			t.Fatalf("Load(%s):\n%s", n.dir, diags)
		}
		if got := s.Name.V; got == "" || filepath.Base(s.Name.Pos.File) != specName {
			t.Errorf("Load(%s) has name %q of %s", n.dir, got, s.Name.Pos)
		}
	})
}
