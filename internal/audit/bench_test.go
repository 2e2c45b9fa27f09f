package audit_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/verify"
)

// BenchmarkRun audits the estate, whose proof and bill are there already.
func BenchmarkRun(b *testing.B) {
	n, a := load(b, "../testkit/networks/estate/network.yaml")
	proof := verify.New(n, a)
	bill := price.Compute(n, a, proof.Tables)
	in := audit.Input{Network: n, Atlas: a, Proof: proof, Outages: outage.New(proof), Bill: &bill, Today: today}
	for b.Loop() {
		if len(audit.Run(in)) == 0 {
			b.Fatal("Run(estate) finds nothing")
		}
	}
}

// TestRunTwice: the findings and their order are the same each time.
func TestRunTwice(t *testing.T) {
	n, a := load(t, "../../examples/ml-platform/network.yaml")
	text := func() string {
		out := ""
		for _, f := range check(n, a) {
			out += fmt.Sprintf("%s %s\n%s\n", f.Code, f.Object, f.Diagnostic)
		}
		return out
	}
	if diff := cmp.Diff(text(), text()); diff != "" {
		t.Errorf("auditing twice (-first +second):\n%s", diff)
	}
}
