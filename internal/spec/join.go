package spec

import "github.com/tieline/tieline/internal/diag"

// join adds the part s to the whole: mappings and lists are united, and what
// both give is an error at the second place, but for equal scalars.
func join(whole, s *Spec, diags *diag.List) {
	joinValue(&whole.Version, s.Version, "version", diags)
	joinValue(&whole.Name, s.Name, "name", diags)
	joinValue(&whole.Environment, s.Environment, "environment", diags)
	joinValue(&whole.Terraform.Layout, s.Terraform.Layout, "terraform.layout", diags)
	if !whole.Terraform.Pos.IsValid() {
		whole.Terraform.Pos = s.Terraform.Pos
	}
	joinNamed(&whole.Tags, s.Tags, "tag", func(t *Tag) (string, diag.Pos) { return t.Name, t.Pos }, diags)
	joinNamed(&whole.Accounts, s.Accounts, "account", func(a *Account) (string, diag.Pos) { return a.Name, a.Pos }, diags)
	joinNamed(&whole.Sites, s.Sites, "site", func(x *Site) (string, diag.Pos) { return x.Name, x.Pos }, diags)
	joinNamed(&whole.Segments, s.Segments, "segment", func(x *Segment) (string, diag.Pos) { return x.Name, x.Pos }, diags)
	joinAddressing(&whole.Addressing, &s.Addressing, diags)
	whole.Include = append(whole.Include, s.Include...)
	whole.Facts = append(whole.Facts, s.Facts...)
	whole.Connect = append(whole.Connect, s.Connect...)
	whole.Policy = append(whole.Policy, s.Policy...)
	whole.Traffic = append(whole.Traffic, s.Traffic...)
	if !whole.Audit.Pos.IsValid() {
		whole.Audit.Pos = s.Audit.Pos
	}
	whole.Audit.Waivers = append(whole.Audit.Waivers, s.Audit.Waivers...)
}

func joinAddressing(whole, a *Addressing, diags *diag.List) {
	if !whole.Pos.IsValid() {
		whole.Pos = a.Pos
	}
	switch {
	case len(whole.Pool) == 0:
		whole.Pool = a.Pool
	case len(a.Pool) > 0:
		diags.Errorf(a.Pool[0].Pos, "addressing.pool is given twice").
			Related = []diag.Related{{Pos: whole.Pool[0].Pos, Message: "the first is here"}}
	}
	whole.Reserved = append(whole.Reserved, a.Reserved...)
	joinNamed(&whole.Blocks, a.Blocks, "block of", func(b *CloudBlock) (string, diag.Pos) { return b.Name, b.Pos }, diags)
}

func joinValue[T comparable](whole *Value[T], v Value[T], key string, diags *diag.List) {
	switch {
	case !v.IsSet():
	case !whole.IsSet():
		*whole = v
	case whole.V != v.V:
		d := diags.Errorf(v.Pos, "%s is %v here and %v elsewhere", key, v.V, whole.V)
		d.Related = []diag.Related{{Pos: whole.Pos, Message: "the first is here"}}
		d.Hint = "give it once"
	}
}

func joinNamed[T any](whole *[]T, part []T, noun string, id func(*T) (string, diag.Pos), diags *diag.List) {
	first := make(map[string]diag.Pos, len(*whole))
	for i := range *whole {
		name, pos := id(&(*whole)[i])
		first[name] = pos
	}
	for i := range part {
		name, pos := id(&part[i])
		if at, ok := first[name]; ok {
			diags.Errorf(pos, "%s %q is defined twice", noun, name).
				Related = []diag.Related{{Pos: at, Message: "the first is here"}}
			continue
		}
		*whole = append(*whole, part[i])
	}
}
