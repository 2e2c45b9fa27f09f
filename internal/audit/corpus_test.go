package audit_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// load compiles one of the project's own networks.
func load(t testing.TB, path string) (*fabric.Network, *atlas.Atlas) {
	t.Helper()
	s, diags := spec.Load(path)
	if diags.HasErrors() {
		t.Fatalf("Load(%s):\n%s", path, diags)
	}
	a := atlas.Default()
	for _, f := range s.FactsFiles() {
		data := read(t, f)
		over, diags := a.Overlay(f, data)
		if len(diags) > 0 {
			t.Fatalf("Overlay(%s):\n%s", f, diags)
		}
		a = over
	}
	r := compile.Compile(&s, lock.Lock{}, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", path, r.Diags)
	}
	return r.Network, a
}

// TestCorpus: what the audit says of the project's own networks, by code.
func TestCorpus(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{"../../examples/minimal", []string{"TL2002", "TL2011", "TL2014"}},
		{"../../examples/triangle", []string{"TL2011", "TL2014"}},
		{"../../examples/hub-spoke", []string{"TL2011", "TL2014"}},
		{"../../examples/ml-platform", []string{"TL2003", "TL2011", "TL2014"}},
		{"../testkit/networks/existing", []string{"TL2003", "TL2011", "TL2012", "TL2014"}},
		{"../testkit/networks/accounts", []string{"TL2011", "TL2014"}},
		{"../testkit/networks/estate", []string{"TL2010", "TL2011", "TL2014", "TL2106", "TL2411"}},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.path), func(t *testing.T) {
			n, a := load(t, filepath.Join(tt.path, "network.yaml"))
			var got []string
			text := ""
			for _, f := range check(n, a) {
				if code := string(f.Code); strings.HasPrefix(code, "TL2") && !slices.Contains(got, code) {
					got = append(got, code)
					text += fmt.Sprintf("%s %s %s\n", f.Code, f.Object, f.Diagnostic)
				}
				if f.Severity == diag.Error && strings.HasPrefix(string(f.Code), "TL2") {
					t.Errorf("the audit finds an error: %s", f.Diagnostic)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("codes of %s (-want +got):\n%s%s", tt.path, diff, text)
			}
		})
	}
}
