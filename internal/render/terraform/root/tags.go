package root

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// Tags returns the tags of a resource: the network's local.tags, merged with a
// Name (unless it is empty) and what the object has beyond them.
func (r *Root) Tags(name, env string, own []fabric.Tag) hcl.Expr {
	r.tags = true
	extra := beyond(r.CommonTags(), names.Tags(r.Set.Network, env, own))
	if name != "" {
		extra = append([]fabric.Tag{{Key: "Name", Value: name}}, extra...)
	}
	return merged("local.tags", extra)
}

// Labels is [Root.Tags] for Google Cloud, which has no Name.
func (r *Root) Labels(env string, own []fabric.Tag) hcl.Expr {
	r.labels = true
	n, a := r.Set.Network, r.Set.Atlas
	return merged("local.labels", beyond(r.CommonLabels(), names.Labels(a, names.Tags(n, env, own))))
}

// CommonTags returns the tags of everything in the network.
func (r *Root) CommonTags() []fabric.Tag { return names.Tags(r.Set.Network, "", nil) }

// CommonLabels returns the labels of everything in the network.
func (r *Root) CommonLabels() []fabric.Tag { return names.Labels(r.Set.Atlas, r.CommonTags()) }

// UsesTags reports whether the root's files speak of local.tags.
func (r *Root) UsesTags() bool { return r.tags }

// UsesLabels reports whether the root's files speak of local.labels.
func (r *Root) UsesLabels() bool { return r.labels }

// TagMap returns tags as a map with a line for each.
func TagMap(tags []fabric.Tag) hcl.Expr { return hcl.Map(tagItems(tags)...) }

func tagItems(tags []fabric.Tag) []hcl.Item {
	items := make([]hcl.Item, len(tags))
	for i, t := range tags {
		items[i] = hcl.Item{Key: t.Key, Value: hcl.Quote(t.Value)}
	}
	return items
}

func merged(local string, extra []fabric.Tag) hcl.Expr {
	if len(extra) == 0 {
		return hcl.Expr(local)
	}
	return hcl.Expr("merge(" + local + ", " + string(hcl.Object(tagItems(extra)...)) + ")")
}

// beyond returns the tags of all that are not in common.
func beyond(common, all []fabric.Tag) []fabric.Tag {
	var out []fabric.Tag
	for _, t := range all {
		if !slices.Contains(common, t) {
			out = append(out, t)
		}
	}
	return out
}
