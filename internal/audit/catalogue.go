package audit

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/verify"
)

// rules lists the audit's own rules by theme: the lecture's, then the traps
// of VPNs, transit, circuits and cost.
func rules() []rule {
	return slices.Concat(practiceRules(), vpnRules(), transitRules(), circuitRules(), costRules())
}

// Rules lists every rule that check reports by: those of the proof, of the
// audit and of waivers, sorted by code.
func Rules() []diag.Rule {
	out := slices.Concat(verify.Rules, outage.Rules)
	for _, r := range rules() {
		out = append(out, r.Rule)
	}
	out = append(out, waiverRules()...)
	slices.SortFunc(out, func(x, y diag.Rule) int { return cmp.Compare(x.Code, y.Code) })
	return slices.CompactFunc(out, func(x, y diag.Rule) bool { return x.Code == y.Code })
}
