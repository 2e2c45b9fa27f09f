package audit_test

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/verify"
)

// proved gives what the proof and the failures of an example report.
func proved(t testing.TB, e example) []verify.Finding {
	t.Helper()
	o := outage.Options{At: 1}
	if m := failing.FindStringSubmatch(string(read(t, e.file))); m != nil {
		o.At, _ = strconv.Atoi(m[1])
		o.MaxSets, _ = strconv.Atoi(m[2])
	}
	proof := verify.New(e.network(t), atlas.Default())
	return slices.Concat(proof.Findings(), outage.New(proof).Try(o).Findings)
}

// TestProved: the bad example of each rule of the proof and of failures reports
// that rule, at the worst severity that it has; its mend does not report it,
// and has no error that the bad one does not have.
func TestProved(t *testing.T) {
	rules := map[string]diag.Rule{}
	for _, r := range audit.Rules() {
		rules[string(r.Code)] = r
	}
	for _, e := range examples(t) {
		if !e.bad || strings.HasPrefix(e.code, "TL2") {
			continue
		}
		t.Run(e.code, func(t *testing.T) {
			t.Parallel()
			good := e
			good.bad, good.file = false, filepath.Join(filepath.Dir(e.file), "good"+filepath.Ext(e.file))
			bad := proved(t, e)
			worst := diag.Severity(0)
			for _, f := range bad {
				if string(f.Code) == e.code && (worst == 0 || f.Severity < worst) {
					worst = f.Severity
				}
			}
			if want := rules[e.code].Severity; worst != want {
				t.Errorf("%s reports %s as %v, want %v; it reports\n%s", e.file, e.code, worst, want, texts(bad))
			}
			for _, f := range proved(t, good) {
				isNew := !slices.ContainsFunc(bad, func(x verify.Finding) bool { return x.Code == f.Code })
				if string(f.Code) == e.code || f.Severity == diag.Error && isNew {
					t.Errorf("%s reports %s %s", good.file, f.Code, f.Diagnostic)
				}
			}
		})
	}
}

func texts(list []verify.Finding) string {
	var b strings.Builder
	for _, f := range list {
		b.WriteString(string(f.Code) + " " + f.String() + "\n")
	}
	return b.String()
}
