package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/verify"
)

// today is the day of every check in the tests.
var today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// example is a network that a rule speaks of, in one form.
type example struct {
	code string // TL2002
	file string // below testdata
	bad  bool
}

// examples lists the files of testdata, sorted.
func examples(t testing.TB) []example {
	t.Helper()
	paths, err := filepath.Glob("testdata/TL*/*")
	if err != nil || len(paths) < 20 {
		t.Fatalf("found %d examples, want those of the rules: %v", len(paths), err)
	}
	var out []example
	for _, p := range paths {
		base := filepath.Base(p)
		if base == filepath.Base(meantFile("")) {
			continue
		}
		name := strings.TrimSuffix(base, filepath.Ext(base))
		if name != "bad" && name != "good" {
			t.Fatalf("%s is neither the bad nor the good example", p)
		}
		out = append(out, example{code: filepath.Base(filepath.Dir(p)), file: p, bad: name == "bad"})
	}
	return out
}

// network reads an example.
func (e example) network(t testing.TB) *fabric.Network {
	t.Helper()
	data := read(t, e.file)
	if filepath.Ext(e.file) == ".tf" {
		r, diags := terraform.Read(filepath.Base(e.file), shownState(t, e.file, data))
		if diags.HasErrors() {
			t.Fatalf("Read(%s):\n%s", e.file, diags)
		}
		if data, err := os.ReadFile(meantFile(filepath.Dir(e.file))); err == nil {
			stateMeant(t, r.Network, data)
		}
		return r.Network
	}
	s, diags := spec.Parse([]spec.File{{Name: filepath.Base(e.file), Data: data}})
	if diags.HasErrors() {
		t.Fatalf("Parse(%s):\n%s", e.file, diags)
	}
	r := compile.Compile(&s, lock.Lock{}, atlas.Default())
	if r.Diags.HasErrors() {
		t.Fatalf("Compile(%s):\n%s", e.file, r.Diags)
	}
	alter(t, r.Network, data)
	return r.Network
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// check judges a network as the command does, drilled today.
func check(n *fabric.Network, a *atlas.Atlas) []audit.Finding {
	return checkDrilled(n, a, &audit.Drill{At: today, Kinds: []routes.PartKind{routes.CloudPart}})
}

func checkDrilled(n *fabric.Network, a *atlas.Atlas, d *audit.Drill) []audit.Finding {
	proof := verify.New(n, a)
	bill := price.Compute(n, a, proof.Tables)
	findings := slices.Concat(proof.Findings(), audit.Run(audit.Input{Network: n, Atlas: a, Proof: proof, Outages: outage.New(proof), Bill: &bill, Drill: d, Today: today}))
	return audit.Waive(n, findings, today)
}

// TestExamples: the bad example of each rule of the audit reports that rule and
// no other, its mend reports none. Notes of what Terraform does not say are no
// part of it.
func TestExamples(t *testing.T) {
	for _, e := range examples(t) {
		if !strings.HasPrefix(e.code, "TL2") {
			continue
		}
		t.Run(e.file, func(t *testing.T) {
			t.Parallel()
			var got []string
			text := ""
			for _, f := range checkDrilled(e.network(t), atlas.Default(), drillOf(t, read(t, e.file))) {
				text += fmt.Sprintf("%s %s %s\n", f.Code, f.Object, f.Diagnostic)
				if f.Severity == diag.Note && filepath.Ext(e.file) == ".tf" && string(f.Code) != e.code {
					continue
				}
				if strings.HasPrefix(string(f.Code), "TL2") && f.Waived == nil && !slices.Contains(got, string(f.Code)) {
					got = append(got, string(f.Code))
				}
			}
			want := []string(nil)
			if e.bad {
				want = []string{e.code}
				if e.code == "TL2901" {
					want = append(want, "TL2002") // what it had accepted stands again
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("codes of %s (-want +got):\n%s%s", e.file, diff, text)
			}
		})
	}
}
