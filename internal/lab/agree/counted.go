package agree

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Counted says which rules counted packets between two looks at their counts,
// by where their filters are.
func Counted(before, after map[string][]nodeconf.RuleCount) []string {
	type key struct{ filter, rule string }
	var out []string
	for _, at := range slices.Sorted(maps.Keys(after)) {
		was := map[key]uint64{}
		for _, c := range before[at] {
			was[key{c.Filter, c.Rule}] = c.Packets
		}
		for _, c := range after[at] {
			if n := c.Packets - was[key{c.Filter, c.Rule}]; c.Packets > was[key{c.Filter, c.Rule}] {
				out = append(out, fmt.Sprintf("%s: rule %s of %s counted %d packets", at, c.Rule, c.Filter, n))
			}
		}
	}
	return out
}
