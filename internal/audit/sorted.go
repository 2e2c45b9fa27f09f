package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
)

// sortedKeys returns a map's keys in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// sortedPairs returns a map's pairs of sites in order.
func sortedPairs[V any](m map[[2]fabric.SiteID]V) [][2]fabric.SiteID {
	keys := slices.Collect(maps.Keys(m))
	slices.SortFunc(keys, func(x, y [2]fabric.SiteID) int { return slices.Compare(x[:], y[:]) })
	return keys
}
