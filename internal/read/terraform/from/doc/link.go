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
// included. Which instance of several is meant is told by constants of
// for_each, or by the keys of both sides: the same key, or one that is a part of
// the other at the same place in all instances; [Document.Matched] counts
// these. The expressions of locals are not in the file, so one that reads a
// local can be any resource that fits.
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
	r, expr := b.r, b.config.Get(name)
	f := found{opaque: true}
	if b.config.Kind() == Object {
		f = r.trace(expr)
	}
	all := candidates(f.targets, w)
	if len(all) == 0 && f.opaque {
		all = r.module.fitting(w)
	}
	switch len(all) {
	case 0:
		return Link{Clarity: Unclear}
	case 1:
		return Link{To: all[0], Clarity: Inside}
	}
	if keys := r.constants(expr); len(keys) == 1 {
		if c := withKey(all, keys[0]); len(c) == 1 {
			return Link{To: c[0], Clarity: Inside}
		}
	}
	if !f.keyed && !f.opaque {
		return Link{Clarity: Unclear}
	}
	if c := b.byKey(name, all); c != nil {
		r.module.doc.matched++
		return Link{To: c, Clarity: Inside}
	}
	return Link{Clarity: Unclear}
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

// fitting lists what a local can be of: the resources of the module that fit,
// or of the whole file where the module has none.
func (m *module) fitting(w Want) []*Resource {
	var own, all []*Resource
	for _, r := range m.doc.Of(w.Types...) {
		if !w.takes(r) {
			continue
		}
		all = append(all, r)
		if r.module.path == m.path {
			own = append(own, r)
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
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

// byKey chooses by the keys of instances. Each way of taking a part out of a
// key counts only when it finds exactly one resource for every instance whose
// value is unknown. Of ways that find different ones, the only one that gives
// each instance a resource of its own holds; otherwise none does.
func (b Block) byKey(name string, all []*Resource) *Resource {
	r := b.r
	if !r.Index.Has {
		return nil
	}
	if c := withKey(all, r.Index.Key); len(c) == 1 {
		return c[0]
	}
	if n, err := strconv.Atoi(r.Index.Key); err == nil && counted(all) {
		return all[n%len(all)] // element() wraps around
	}
	var group []*Resource
	for _, g := range r.module.doc.byName[resourceName{r.module.path, r.Type, r.Name}] {
		if g == r || g.unknown.Get(name).any() {
			group = append(group, g)
		}
	}
	var any, injective []*Resource
	for _, cut := range cuts {
		c, each := consistent(group, r, all, cut)
		if c != nil && !slices.Contains(any, c) {
			any = append(any, c)
		}
		if c != nil && each && !slices.Contains(injective, c) {
			injective = append(injective, c)
		}
	}
	switch {
	case len(any) == 1:
		return any[0]
	case len(injective) == 1:
		return injective[0]
	}
	return nil
}

// counted reports whether resources are the instances 0, 1, ... of one count.
func counted(all []*Resource) bool {
	for i, r := range all {
		if r.Index.Key != strconv.Itoa(i) || r.Name != all[0].Name || r.Type != all[0].Type || r.module != all[0].module {
			return false
		}
	}
	return true
}

// cut takes a part out of a key.
type cut struct {
	separator   string
	last, after bool
}

var cuts = []cut{
	{"", false, false},
	{" ", false, false},
	{" ", false, true},
	{" ", true, false},
	{" ", true, true},
	{"/", false, false},
	{"/", false, true},
	{"/", true, false},
	{"/", true, true},
	{":", false, false},
	{":", false, true},
	{"|", false, false},
	{"|", false, true},
	{".", false, false},
	{".", false, true},
	{".", true, false},
	{".", true, true},
	{"-", false, false},
	{"-", false, true},
	{"-", true, false},
	{"-", true, true},
	{"_", false, false},
	{"_", false, true},
	{"_", true, false},
	{"_", true, true},
}

func (c cut) of(key string) (string, bool) {
	if c.separator == "" {
		return key, true
	}
	i := strings.Index(key, c.separator)
	if c.last {
		i = strings.LastIndex(key, c.separator)
	}
	switch {
	case i < 0:
		return "", false
	case c.after:
		return key[i+len(c.separator):], true
	}
	return key[:i], true
}

// consistent returns what a cut finds for r; each says that no two instances
// of the group get the same.
func consistent(group []*Resource, r *Resource, all []*Resource, c cut) (own *Resource, each bool) {
	seen := map[*Resource]bool{}
	each = true
	for _, g := range group {
		word, ok := c.of(g.Index.Key)
		if !ok || word == "" {
			return nil, false
		}
		found := named(all, word)
		if len(found) != 1 {
			return nil, false
		}
		each = each && !seen[found[0]]
		seen[found[0]] = true
		if g == r {
			own = found[0]
		}
	}
	return own, each
}

// named returns the resources that a word names: those with that key, and of
// those without keys the ones with that label, else with a label that ends in
// the word. Less than a whole key names nothing: nat-a is not what training-a
// has in common with it.
func named(all []*Resource, word string) []*Resource {
	var whole, tail []*Resource
	plain := flat(word)
	for _, r := range all {
		label := flat(r.Name)
		switch {
		case r.Index.Has:
			if r.Index.Key == word {
				whole = append(whole, r)
			}
		case label == plain:
			whole = append(whole, r)
		case strings.HasSuffix(label, "_"+plain):
			tail = append(tail, r)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return tail
}

func flat(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '_'
	}, s)
}

// All returns what a list refers to: resources of the file, and the values of
// those that are outside. clear is false when it may refer to others.
func (b Block) All(name string, w Want) (list []*Resource, outside []string, clear bool) {
	clear = true
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
	f := found{opaque: true}
	if b.config.Kind() == Object {
		f = b.r.trace(b.config.Get(name))
	}
	more := candidates(f.targets, w)
	keys := b.r.constants(b.config.Get(name))
	switch {
	case len(more) == 0:
		return list, outside, false
	case len(more) == 1:
	case len(keys) > 0:
		var picked []*Resource
		for _, k := range keys {
			picked = append(picked, withKey(more, k)...)
		}
		if len(picked) != len(keys) {
			clear = false
			break
		}
		more = picked
	case f.keyed:
		c := b.byKey(name, more)
		if c == nil {
			clear = false
			break
		}
		b.r.module.doc.matched++
		more = []*Resource{c}
	}
	for _, r := range more {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list, outside, clear && !f.opaque
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
	f := found{opaque: true}
	if b.config.Kind() == Object {
		f = b.r.trace(b.config.Get(name))
	}
	if all := candidates(f.targets, w); len(all) > 0 || !f.opaque {
		return all
	}
	return b.r.module.fitting(w)
}
