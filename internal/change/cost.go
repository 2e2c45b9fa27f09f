package change

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

// CostChange is what a month costs more or less at list prices.
type CostChange struct {
	Old, New Sum
	ByLink   []Delta // that differ, the largest difference first; under an empty key what belongs to no link
	BySite   []Delta
	ByItem   []Delta
}

// Sum is a month's bill in its two parts.
type Sum struct{ Total, Fixed, Traffic vocab.USD }

// Delta is the change of one group of positions.
type Delta struct {
	Key      string
	Old, New vocab.USD
}

// By is what the month costs more; negative when it costs less.
func (d Delta) By() vocab.USD { return d.New - d.Old }

// By is what the month costs more; negative when it costs less.
func (c CostChange) By() vocab.USD { return c.New.Total - c.Old.Total }

// IsZero reports whether the bills are the same.
func (c CostChange) IsZero() bool { return len(c.ByLink)+len(c.BySite)+len(c.ByItem) == 0 }

func costChange(m *match, old, new price.Bill) CostChange {
	return CostChange{
		Old:    Sum{old.Total, old.Fixed, old.Traffic},
		New:    Sum{new.Total, new.Fixed, new.Traffic},
		ByLink: deltas(m, old.ByLink, new.ByLink),
		BySite: deltas(m, old.BySite, new.BySite),
		ByItem: deltas(m, old.ByItem, new.ByItem),
	}
}

// deltas gives the groups that differ by a cent at least, the largest
// difference first. Links and sites that were renamed go by their new names.
func deltas(m *match, old, new []price.Group) []Delta {
	at := map[string]int{}
	var all []Delta
	for _, g := range new {
		at[m.former(g.Key)] = len(all)
		all = append(all, Delta{Key: g.Key, New: g.Amount})
	}
	for _, g := range old {
		i, ok := at[g.Key]
		if !ok {
			i = len(all)
			all = append(all, Delta{Key: g.Key})
		}
		all[i].Old = g.Amount
	}
	const cent = vocab.Dollar / 100
	all = slices.DeleteFunc(all, func(d Delta) bool { return abs(d.By()) < cent })
	slices.SortFunc(all, func(x, y Delta) int {
		return cmp.Or(cmp.Compare(abs(y.By()), abs(x.By())), cmp.Compare(x.Key, y.Key))
	})
	return all
}

func abs(u vocab.USD) vocab.USD { return max(u, -u) }
