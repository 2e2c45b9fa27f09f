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
	if name == "" {
		return r.NamedTags("", env, own)
	}
	return r.NamedTags(hcl.Quote(name), env, own)
}

// NamedTags is [Root.Tags] with the Name as an expression, as resources in
// for_each have it, and further maps to merge.
func (r *Root) NamedTags(name hcl.Expr, env string, own []fabric.Tag, more ...hcl.Expr) hcl.Expr {
	r.tags = true
	var items []hcl.Item
	if name != "" {
		items = append(items, hcl.Item{Key: "Name", Value: name})
	}
	items = append(items, tagItems(beyond(r.CommonTags(), names.Tags(r.Set.Network, env, own)))...)
	return merged("local.tags", items, more...)
}

// Labels is [Root.Tags] for Google Cloud, which has no Name.
func (r *Root) Labels(env string, own []fabric.Tag) hcl.Expr {
	r.labels = true
	n, a := r.Set.Network, r.Set.Atlas
	return merged("local.labels", tagItems(beyond(r.CommonLabels(), names.Labels(a, names.Tags(n, env, own)))))
}

// CommonTags returns the tags of everything in the network.
func (r *Root) CommonTags() []fabric.Tag { return r.Set.tags }

// CommonLabels returns the labels of everything in the network.
func (r *Root) CommonLabels() []fabric.Tag { return r.Set.labels }

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

func merged(local string, items []hcl.Item, more ...hcl.Expr) hcl.Expr {
	if len(items) == 0 && len(more) == 0 {
		return hcl.Expr(local)
	}
	e := "merge(" + hcl.Expr(local)
	if len(items) > 0 {
		e += ", " + hcl.Object(items...)
	}
	for _, m := range more {
		e += ", " + m
	}
	return e + ")"
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
