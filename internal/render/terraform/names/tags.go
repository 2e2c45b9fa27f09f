package names

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// The tags that every resource carries beside those of the spec.
const (
	ManagedByKey   = "ManagedBy"
	ManagedByValue = "tieline"
	EnvironmentKey = "environment"
)

// Tags returns the tags of an object in an environment: the network's own
// under the object's, the environment and who manages it, sorted by key.
func Tags(n *fabric.Network, env string, own []fabric.Tag) []fabric.Tag {
	all := append(slices.Clone(n.Tags), own...)
	if env = cmp.Or(env, n.Environment); env != "" {
		all = append(all, fabric.Tag{Key: EnvironmentKey, Value: env})
	}
	all = append(all, fabric.Tag{Key: ManagedByKey, Value: ManagedByValue})
	return lastOfEach(all)
}

// Labels turns tags into labels of Google Cloud: lower case, digits, hyphens
// and underscores. Tags that come to share a key keep the last value.
func Labels(a *atlas.Atlas, tags []fabric.Tag) []fabric.Tag {
	keyRule, valueRule := a.Name(atlas.NameGCPLabelKey), a.Name(atlas.NameGCPLabelValue)
	out := make([]fabric.Tag, 0, len(tags))
	for _, t := range tags {
		if t.Key == ManagedByKey {
			t.Key = "managed-by"
		}
		key := Fit(keyRule, strings.Trim(t.Key, "-_"))
		value := t.Value
		if !valueRule.Allows(value) {
			value = Fit(valueRule, value)
		}
		out = append(out, fabric.Tag{Key: key, Value: value})
	}
	return lastOfEach(out)
}

// lastOfEach sorts tags by key and keeps the last of those that share one.
func lastOfEach(tags []fabric.Tag) []fabric.Tag {
	slices.SortStableFunc(tags, func(a, b fabric.Tag) int { return cmp.Compare(a.Key, b.Key) })
	out := tags[:0]
	for i, t := range tags {
		if i+1 < len(tags) && tags[i+1].Key == t.Key {
			continue
		}
		out = append(out, t)
	}
	return out
}
