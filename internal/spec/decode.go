package spec

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
)

// maxAliased is how many nodes may be read through aliases in one file: far
// more than any network repeats, far less than a YAML bomb.
const maxAliased = 200_000

// maxMerges is how deep merge keys ("<<") may refer to each other.
const maxMerges = 20

// decoder reads the YAML nodes of one file into the structs of the grammar.
type decoder struct {
	file       string
	diags      *diag.List
	aliased    int  // nodes read below an alias
	aliasDepth int  // aliases entered and not left
	stopped    bool // a limit is passed
}

// place says in what a mistake stands: site "aws-oregon".
type place struct{ noun, name string }

func (p place) String() string {
	if p.name == "" {
		return p.noun
	}
	return p.noun + ` "` + p.name + `"`
}

// entry is one key and value of a mapping.
type entry struct {
	key, value *yaml.Node
	merged     bool // comes from a merge key, which explicit keys override
}

func (d *decoder) pos(n *yaml.Node) diag.Pos {
	return diag.Pos{File: d.file, Line: max(n.Line, 1), Col: max(n.Column, 1)}
}

// enter gives the node that n stands for. Each enter wants its leave.
func (d *decoder) enter(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		d.aliasDepth++
		if n.Alias != nil {
			n = n.Alias
		}
	}
	if d.aliasDepth > 0 {
		d.count(n)
	}
	return n
}

func (d *decoder) leave(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		d.aliasDepth--
	}
}

func (d *decoder) count(n *yaml.Node) {
	d.aliased++
	if d.aliased > maxAliased && !d.stopped {
		d.stopped = true
		d.diags.Errorf(d.pos(n), "aliases repeat more than %d values", maxAliased).
			Hint = "write the values out, or repeat less by aliases"
	}
}

// structure reads the mapping n into v, a struct of shape sh, at the place of
// its key or item.
func (d *decoder) structure(orig *yaml.Node, sh *shape, v reflect.Value, at place, pos diag.Pos) {
	if sh.pos >= 0 {
		*v.Field(sh.pos).Addr().Interface().(*diag.Pos) = pos
	}
	n := d.enter(orig)
	defer d.leave(orig)
	if sh.value >= 0 {
		d.field(&sh.fields[sh.value], at.String(), orig, v, at, pos)
		return
	}
	if n.Kind != yaml.MappingNode && !isNull(n) {
		d.diags.Errorf(d.pos(orig), "%s: expected a mapping, found %s", at, describe(n)).
			Hint = "its keys are " + strings.Join(sh.keys, ", ")
		return
	}
	var seen [64]*yaml.Node
	for _, e := range d.entries(n) {
		if d.stopped {
			return
		}
		i, ok := sh.byKey[e.key.Value]
		if !ok {
			d.unknownKey(e.key, sh, at)
			continue
		}
		if first := seen[i]; first != nil {
			if !e.merged {
				d.twice(e.key, first, "%s: the key %s stands twice", at, e.key.Value)
			}
			continue
		}
		seen[i] = e.key
		f := &sh.fields[i]
		if f.later != "" {
			d.diags.Errorf(d.pos(e.key), "not supported yet: %s", f.later).
				Hint = "leave out " + f.key
			if f.kind == kindLater {
				v.Field(f.index).Set(reflect.ValueOf(&Later{Pos: d.pos(e.key)}))
			}
			continue
		}
		d.field(f, f.key, e.value, v, at, d.pos(e.key))
	}
	if sh.typ == reflect.TypeFor[Spec]() {
		return // a file may be a part of a spec: see merge
	}
	for i := range sh.fields {
		if f := &sh.fields[i]; f.required && seen[i] == nil {
			d.missing(f, at, pos)
		}
	}
}

func (d *decoder) unknownKey(key *yaml.Node, sh *shape, at place) {
	hint := diag.Suggest(key.Value, sh.keys)
	if hint == "" {
		hint = "its keys are " + strings.Join(sh.keys, ", ")
	}
	d.diags.Errorf(d.pos(key), "%s has no key %q", at, key.Value).Hint = hint
}

func (d *decoder) twice(second, first *yaml.Node, format string, args ...any) {
	d.diags.Errorf(d.pos(second), format, args...).
		Related = []diag.Related{{Pos: d.pos(first), Message: "the first is here"}}
}

func (d *decoder) missing(f *field, at place, pos diag.Pos) {
	d.diags.Errorf(pos, "%s has no %s", at, f.key).Hint = missingHint(f)
}

// missingHint says how to add a required key.
func missingHint(f *field) string {
	switch {
	case f.example != "":
		return "add " + f.key + ", for example " + f.key + ": " + f.example
	case f.enum != nil:
		return "add " + f.key + ": one of " + strings.Join(f.enum, ", ")
	}
	return "add " + f.key
}

// field reads the node n into field f of the struct v; key is what messages
// call it, pos the place of its key.
func (d *decoder) field(f *field, key string, n *yaml.Node, v reflect.Value, at place, pos diag.Pos) {
	fv := v.Field(f.index)
	switch f.kind {
	case kindValue:
		d.scalar(f, key, n, fv, at)
	case kindValues:
		d.scalars(f, key, n, fv, at)
	case kindStruct:
		d.structure(n, f.elem, fv, within(at, f.key), pos)
	case kindList:
		d.list(f, n, fv, at)
	case kindMap:
		d.mapping(f, n, fv, at)
	case kindLater:
	}
}

// within names a nested mapping in messages: gateway of site "aws-oregon".
func within(at place, key string) place {
	if at.name == "" {
		return place{noun: key}
	}
	return place{noun: key + " of " + at.noun, name: at.name}
}

func (d *decoder) scalar(f *field, key string, orig *yaml.Node, v reflect.Value, at place) {
	n := d.enter(orig)
	defer d.leave(orig)
	if n.Kind != yaml.ScalarNode {
		d.diags.Errorf(d.pos(orig), "%s: expected %s, found %s", key, expected(f), describe(n)).Hint = exampleHint(f, key)
		d.mark(v, orig)
		return
	}
	if isNull(n) {
		d.diags.Errorf(d.pos(orig), "%s has no value", key).Hint = exampleHint(f, key)
		d.mark(v, orig)
		return
	}
	if contains(f.soon, n.Value) {
		d.diags.Errorf(d.pos(orig), "not supported yet: %s %s", key, n.Value).Hint = "leave it out, or write " + oneOf(f.enum)
		d.mark(v, orig)
		return
	}
	if f.enum != nil && !contains(f.enum, n.Value) {
		d.mark(v, orig)
		e := d.diags.Errorf(d.pos(orig), "%s %q is not %s", key, n.Value, oneOf(f.enum))
		if f.scalar != reflect.TypeFor[int]() {
			e.Hint = diag.Suggest(n.Value, f.enum)
		}
		return
	}
	m := v.Addr().Interface().(scalarReader).read(key, n, d.pos(orig))
	if m.summary != "" {
		d.diags.Errorf(d.pos(orig), "%s", m.summary).Hint = m.hint
	}
}

// mark gives a value that cannot be read its place, so that it does not look
// left out as well.
func (d *decoder) mark(v reflect.Value, n *yaml.Node) {
	*v.FieldByName("Pos").Addr().Interface().(*diag.Pos) = d.pos(n)
}

func (d *decoder) scalars(f *field, key string, orig *yaml.Node, v reflect.Value, at place) {
	n := d.enter(orig)
	defer d.leave(orig)
	switch {
	case isNull(n):
		d.empty(f, orig, at)
		return
	case n.Kind == yaml.ScalarNode && f.one:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		d.scalar(f, key, orig, v.Index(0), at)
		return
	case n.Kind != yaml.SequenceNode:
		hint := exampleHint(f, key)
		if n.Kind == yaml.ScalarNode {
			hint = "write " + key + ": [" + n.Value + "]"
		}
		d.diags.Errorf(d.pos(orig), "%s: expected a list, found %s", key, describe(n)).Hint = hint
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		d.mark(v.Index(0), orig)
		return
	}
	if len(n.Content) == 0 {
		d.empty(f, orig, at)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		if d.stopped {
			return
		}
		d.scalar(f, key, item, v.Index(i), at)
	}
}

// empty reports a required list or mapping with nothing in it.
func (d *decoder) empty(f *field, n *yaml.Node, at place) {
	if f.required {
		d.diags.Errorf(d.pos(n), "%s: %s is empty", at, f.key).Hint = exampleHint(f, f.key)
	}
}

func (d *decoder) list(f *field, orig *yaml.Node, v reflect.Value, at place) {
	n := d.enter(orig)
	defer d.leave(orig)
	if isNull(n) {
		d.empty(f, orig, at)
		return
	}
	if n.Kind != yaml.SequenceNode {
		hint := "begin each entry with a hyphen"
		d.diags.Errorf(d.pos(orig), "%s: expected a list, found %s", f.key, describe(n)).Hint = hint
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		if d.stopped {
			return
		}
		d.structure(item, f.elem, v.Index(i), place{noun: f.elem.noun}, d.pos(item))
	}
}

func (d *decoder) mapping(f *field, orig *yaml.Node, v reflect.Value, at place) {
	n := d.enter(orig)
	defer d.leave(orig)
	if isNull(n) {
		d.empty(f, orig, at)
		v.Set(reflect.MakeSlice(v.Type(), 0, 0)) // not left out
		return
	}
	if n.Kind != yaml.MappingNode {
		d.diags.Errorf(d.pos(orig), "%s: expected a mapping from names, found %s", f.key, describe(n)).
			Hint = "write each entry as a name, a colon and its keys"
		return
	}
	entries := d.entries(n)
	if len(entries) == 0 {
		d.empty(f, orig, at)
	}
	out := reflect.MakeSlice(v.Type(), 0, len(entries))
	first := make(map[string]*yaml.Node, len(entries))
	for _, e := range entries {
		if d.stopped {
			break
		}
		at := place{f.elem.noun, e.key.Value}
		if prev := first[e.key.Value]; prev != nil {
			if !e.merged {
				d.twice(e.key, prev, "%s is defined twice", at)
			}
			continue
		}
		first[e.key.Value] = e.key
		d.name(f, e.key, at)
		item := reflect.New(f.elem.typ).Elem()
		item.Field(f.elem.name).SetString(e.key.Value)
		d.structure(e.value, f.elem, item, at, d.pos(e.key))
		out = reflect.Append(out, item)
	}
	v.Set(out)
}

// name checks the name of a mapping's entry.
func (d *decoder) name(f *field, key *yaml.Node, at place) {
	name := key.Value
	switch {
	case f.anyName && name != "":
	case f.names != nil:
		if !contains(f.names, name) {
			d.diags.Errorf(d.pos(key), "%s: %q is not %s", f.key, name, oneOf(f.names)).Hint = diag.Suggest(name, f.names)
		}
	case name == "internet":
		d.diags.Errorf(d.pos(key), "%s: the name internet means the internet in policy and traffic", at.noun).
			Hint = "choose another name"
	case !ValidName(name):
		d.diags.Errorf(d.pos(key), "%s %q is not a name", at.noun, name).Hint = nameHint(name)
	}
}

// entries lists a mapping's keys and values, those of merge keys ("<<") last.
func (d *decoder) entries(n *yaml.Node) []entry {
	out := make([]entry, 0, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.AliasNode && k.Alias != nil {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			d.diags.Errorf(d.pos(n.Content[i]), "a key must be a word, found %s", describe(k))
			continue
		}
		if k.ShortTag() == "!!merge" {
			merges = append(merges, v)
			continue
		}
		out = append(out, entry{key: k, value: v})
	}
	for _, m := range merges {
		out = d.merge(out, m, 0)
	}
	return out
}

// merge appends the entries that the merge value m brings: a mapping or a
// list of mappings, usually as aliases.
func (d *decoder) merge(out []entry, m *yaml.Node, depth int) []entry {
	orig := m
	m = d.enter(orig)
	defer d.leave(orig)
	d.count(m)
	if d.stopped {
		return out
	}
	if depth > maxMerges {
		d.diags.Errorf(d.pos(orig), "merge keys refer to each other more than %d deep", maxMerges)
		d.stopped = true
		return out
	}
	switch m.Kind {
	case yaml.SequenceNode:
		for _, item := range m.Content {
			out = d.merge(out, item, depth+1)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(m.Content); i += 2 {
			k, v := m.Content[i], m.Content[i+1]
			d.count(k)
			switch {
			case k.Kind != yaml.ScalarNode:
				d.diags.Errorf(d.pos(k), "a key must be a word, found %s", describe(k))
			case k.ShortTag() == "!!merge":
				out = d.merge(out, v, depth+1)
			default:
				out = append(out, entry{key: k, value: v, merged: true})
			}
		}
	default:
		d.diags.Errorf(d.pos(orig), "<<: expected a mapping to merge, found %s", describe(m))
	}
	return out
}
