package doc

import (
	"slices"
	"strconv"
	"strings"
)

// Clarity says how well it is known what an attribute refers to.
type Clarity uint8

// The clarities.
const (
	Unset   Clarity = iota // the attribute is not set
	Inside                 // a resource of the file
	Outside                // something that is not in the file
	Unclear                // one of several resources, or of none that can be told
)

// Link is what an attribute refers to.
type Link struct {
	To      *Resource // when Inside
	Clarity Clarity
	Text    string // the value, when it is known
}

// Want says which resources an attribute can refer to.
type Want struct {
	Types []string
	// Also are types that stand for one of Types (an accepter for what it
	// accepts); they count only where an expression names them.
	Also  []string
	Match func(*Resource) bool // nil takes all
}

// Types is a Want of some types.
func Types(types ...string) Want { return Want{Types: types} }

func (w Want) takes(r *Resource) bool {
	return (r.Is(w.Types...) || r.Is(w.Also...)) && (w.Match == nil || w.Match(r))
}

// One returns what an attribute refers to. A known value is looked up among
// the ids of the file. One that is only known once applied is followed through
// the references of the configuration: variables, outputs and for_each
// included. Of several instances one is meant only where the expression names
// one resource and one key alone, see [Block.indexed]. The expressions of
// locals are not in the file, so one that reads a local can be any resource
// that fits and that its module knows of.
func (b Block) One(name string, w Want) Link {
	v := b.value.Get(name)
	if v.Kind() == Text && v.Text() != "" {
		return b.known(name, v.Text(), w)
	}
	if !b.Unknown(name) {
		return Link{}
	}
	return b.choose(name, w)
}

func (b Block) known(name, id string, w Want) Link {
	var fits []*Resource
	for _, r := range b.r.module.doc.byID[Canonical(id)] {
		if w.takes(r) {
			fits = append(fits, r)
		}
	}
	if len(fits) > 0 {
		return Link{To: fits[0], Clarity: Inside, Text: id}
	}
	// What the configuration names is meant, whatever the value is called by.
	f := b.r.trace(b.config.Get(name))
	if c := candidates(f.targets, w); len(c) == 1 && !f.keyed && !f.opaque {
		return Link{To: c[0], Clarity: Inside, Text: id}
	}
	return Link{Clarity: Outside, Text: id}
}

// choose finds the one resource that an unknown value is of.
func (b Block) choose(name string, w Want) Link {
	all := b.could(name, w)
	if len(all) == 1 {
		return Link{To: all[0], Clarity: Inside}
	}
	keys, certain := b.indexed(name)
	if len(keys) != 1 {
		return Link{Clarity: Unclear}
	}
	c := withKey(all, keys[0])
	if len(c) != 1 {
		return Link{Clarity: Unclear}
	}
	if !certain {
		b.r.module.doc.matched++
	}
	return Link{To: c[0], Clarity: Inside}
}

// could lists the resources that an unknown value can be of.
func (b Block) could(name string, w Want) []*Resource {
	f := found{opaque: true}
	if b.config.Kind() == Object {
		f = b.r.trace(b.config.Get(name))
	}
	all := candidates(f.targets, w)
	if f.opaque {
		for _, x := range b.r.module.fitting(w) {
			if !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
	}
	return all
}

// indexed returns the keys by which an expression chooses instances: where it
// reads one resource, one key and nothing else, as in aws_subnet.a[each.key].id.
// The key is certain where for_each is a constant that says it. Else it is that
// of the instance itself (each.key, count.index, or each.value when for_each is
// a resource): the expression would have to compute another key from it, which
// with words as keys nobody does. With numbers it is done to join each to the
// next, so count.index counts only where no other argument reads the same resource.
func (b Block) indexed(name string) (keys []string, certain bool) {
	r := b.r
	resource, key, ok := sole(b.config.Get(name))
	if !ok {
		return nil, false
	}
	forEach := r.config.Get("for_each_expression")
	if keys := r.constants(b.config.Get(name)); len(keys) > 0 {
		return keys, forEach.Has() && len(forEach.Get("references").Texts()) == 0
	}
	if !r.Index.Has {
		return nil, false
	}
	switch {
	case key.parts[0].name == "count":
		for _, other := range b.config.Keys() {
			if second, _, ok := sole(b.config.Get(other)); ok && other != name && second == resource {
				return nil, false
			}
		}
	case key.parts[1].name == "value":
		of := longest(forEach.Get("references").Texts())
		if len(of) != 1 || !of[0].isResource() {
			return nil, false
		}
	}
	return []string{r.Index.Key}, false
}

// sole returns the resource and the key of an expression that reads these and
// nothing else; of each.value alone, which is an instance of what for_each
// reads, the resource is empty.
func sole(expr Value) (resource resourceName, key ref, ok bool) {
	for _, x := range longest(expr.Get("references").Texts()) {
		first := x.parts[0].name
		switch {
		case (first == "each" || first == "count") && len(x.parts) > 1 && len(key.parts) == 0:
			key = x
		case x.isResource() && resource.typ == "" && !x.parts[1].key.Has:
			resource = resourceName{typ: first, name: x.parts[1].name}
		default:
			return resourceName{}, ref{}, false
		}
	}
	return resource, key, len(key.parts) > 0 && (resource.typ != "" || key.parts[1].name == "value")
}

// isResource reports whether a reference is to a managed resource.
func (x ref) isResource() bool {
	switch x.parts[0].name {
	case "each", "count", "var", "local", "module", "data", "path", "terraform", "self":
		return false
	}
	return len(x.parts) > 1
}

// candidates are the resources among targets that fit, each once.
func candidates(targets []target, w Want) []*Resource {
	var out []*Resource
	for _, t := range targets {
		if w.takes(t.r) && !slices.Contains(out, t.r) {
			out = append(out, t.r)
		}
	}
	return out
}

// fitting lists what a local can be of: the resources that fit of the module
// and of those it calls, and what its callers hand to it.
func (m *module) fitting(w Want) []*Resource {
	var out []*Resource
	add := func(list []*Resource) {
		for _, r := range list {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	for _, r := range m.doc.Of(w.Types...) {
		if w.takes(r) && (m.path == "" || r.module.path == m.path || strings.HasPrefix(r.module.path, m.path+".")) {
			add([]*Resource{r})
		}
	}
	if m.parent == nil {
		return out
	}
	given := m.call.Get("expressions")
	for _, name := range given.Keys() {
		f := m.parent.follow(given.Get(name), nil, 1)
		add(candidates(f.targets, w))
		if f.opaque {
			add(m.parent.fitting(w))
		}
	}
	return out
}

// constants returns the strings that an expression's each.value stands for,
// when for_each is a constant.
func (r *Resource) constants(expr Value) []string {
	each := r.config.Get("for_each_expression", "constant_value")
	for _, x := range longest(expr.Get("references").Texts()) {
		if x.parts[0].name != "each" || len(x.parts) < 2 {
			continue
		}
		if x.parts[1].name == "key" {
			return []string{r.Index.Key}
		}
		v := each.Get(r.Index.Key)
		for _, p := range x.parts[2:] {
			v = v.Get(p.name)
		}
		if list := v.Texts(); len(list) > 0 {
			return list
		}
	}
	return nil
}

func withKey(list []*Resource, key string) []*Resource {
	var out []*Resource
	for _, r := range list {
		if r.Index.Has && r.Index.Key == key {
			out = append(out, r)
		}
	}
	return out
}

// All returns what a list refers to: resources of the file, and the values of
// those that are outside. clear is false when it may refer to others, or not to
// all of these.
func (b Block) All(name string, w Want) (list []*Resource, outside []string, clear bool) {
	for _, id := range b.Texts(name) {
		l := b.lookup(id, w)
		if l == nil {
			outside = append(outside, id)
			continue
		}
		list = append(list, l)
	}
	if !b.Unknown(name) {
		return list, outside, true
	}
	more := b.could(name, w)
	clear = b.listed(name)
	if keys, certain := b.indexed(name); len(keys) > 0 {
		var picked []*Resource
		for _, k := range keys {
			picked = append(picked, withKey(more, k)...)
		}
		if clear = len(picked) == len(keys); clear {
			more = picked
			if !certain {
				b.r.module.doc.matched++
			}
		}
	}
	for _, r := range more {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list, outside, clear && len(more) > 0
}

// listed reports whether an expression names each resource of a list by itself:
// of a whole group of instances it may take some.
func (b Block) listed(name string) bool {
	if b.config.Kind() != Object {
		return false
	}
	refs := longest(b.config.Get(name).Get("references").Texts())
	for _, x := range refs {
		if !x.isResource() {
			return false
		}
		if group := b.r.module.doc.byName[resourceName{b.r.module.path, x.parts[0].name, x.parts[1].name}]; len(group) > 1 && !x.parts[1].key.Has {
			return false
		}
	}
	return len(refs) > 0
}

func (b Block) lookup(id string, w Want) *Resource {
	for _, r := range b.r.module.doc.byID[Canonical(id)] {
		if w.takes(r) {
			return r
		}
	}
	return nil
}

// Source says where a value comes from, for comparing two that may be the same
// once applied: the value itself when it is known, else the resource and its
// attribute; empty when it cannot be told.
func (b Block) Source(name string) string {
	if s := b.Text(name); s != "" {
		return s
	}
	if !b.Unknown(name) || b.config.Kind() != Object {
		return ""
	}
	f := b.r.trace(b.config.Get(name))
	if f.opaque || len(f.targets) != 1 {
		return ""
	}
	return f.targets[0].r.Result(f.targets[0].attr)
}

// Result is the [Block.Source] of a resource's own attribute, which is only
// known once applied: ip_address, vpn_interfaces[0].ip_address.
func (r *Resource) Result(attr string) string {
	v := r.Values()
	for _, p := range parseRef(attr).parts {
		v = v.Get(p.name)
		if n, err := strconv.Atoi(p.key.Key); p.key.Has && err == nil {
			v = v.At(n)
		}
	}
	if s := v.Text(); s != "" {
		return s
	}
	return r.Address + "#" + attr
}

// SourceAddress returns the address of the resource that a [Block.Source] names,
// empty for a value.
func SourceAddress(source string) string {
	address, _, ok := strings.Cut(source, "#")
	if !ok {
		return ""
	}
	return address
}

// Could lists what an attribute can refer to where [Block.One] cannot tell.
func (b Block) Could(name string, w Want) []*Resource {
	if l := b.One(name, w); l.Clarity != Unclear {
		if l.To == nil {
			return nil
		}
		return []*Resource{l.To}
	}
	return b.could(name, w)
}
