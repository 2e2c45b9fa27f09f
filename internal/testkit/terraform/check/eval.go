package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// scope is what an expression may name besides the module's declarations: each, count, self and iterators of dynamic
// blocks.
type scope map[string]cty.Value

func (s scope) with(name string, v cty.Value) scope {
	out := scope{name: v}
	for k, old := range s {
		if k != name {
			out[k] = old
		}
	}
	return out
}

// eval returns the value of an expression, as far as it is known without a plan. What cannot be evaluated is reported
// and gives a value that fits everywhere.
func (m *module) eval(e hclsyntax.Expression, s scope) cty.Value {
	roots := map[string]map[string]cty.Value{}
	vars := map[string]cty.Value{}
	set := func(root, name string, v cty.Value) {
		if roots[root] == nil {
			roots[root] = map[string]cty.Value{}
		}
		roots[root][name] = v
	}
	data := map[string]map[string]cty.Value{}
	ok := true
	for _, t := range e.Variables() {
		name := t.RootName()
		if v, found := s[name]; found {
			vars[name] = v
			continue
		}
		parts := leadingNames(t)
		if !m.checkReference(t, parts) {
			ok = false
			continue
		}
		switch name {
		case "path", "terraform":
			vars[name] = cty.DynamicVal
		case "var":
			set(name, parts[1], cty.UnknownVal(m.variables[parts[1]].typ))
		case "local":
			set(name, parts[1], m.localValue(parts[1]))
		case "module":
			set(name, parts[1], cty.DynamicVal)
		case "data":
			if data[parts[1]] == nil {
				data[parts[1]] = map[string]cty.Value{}
			}
			data[parts[1]][parts[2]] = m.resourceValue(strings.Join(parts[:3], "."))
		default:
			set(name, parts[1], m.resourceValue(strings.Join(parts[:2], ".")))
		}
	}
	if !ok {
		return cty.DynamicVal
	}
	for typeName, byName := range data {
		set("data", typeName, cty.ObjectVal(byName))
	}
	for root, values := range roots {
		vars[root] = cty.ObjectVal(values)
	}
	v, diags := e.Value(&hcl.EvalContext{Variables: vars, Functions: m.functions})
	m.diagnostics(diags, e.Range())
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

// leadingNames returns the names that a traversal starts with, up to its first index.
func leadingNames(t hcl.Traversal) []string {
	names := []string{t.RootName()}
	for _, step := range t[1:] {
		a, ok := step.(hcl.TraverseAttr)
		if !ok {
			break
		}
		names = append(names, a.Name)
	}
	return names
}

func traversalString(t hcl.Traversal) string { return strings.Join(leadingNames(t), ".") }

// checkReference reports whether what a traversal names is declared, notes that it is used, and by whom.
func (m *module) checkReference(t hcl.Traversal, parts []string) bool {
	place := t.SourceRange()
	need := 2
	if parts[0] == "data" {
		need = 3
	}
	if len(parts) < need {
		m.problem(place, "incomplete reference %q", strings.Join(parts, "."))
		return false
	}
	target := strings.Join(parts[:need], ".")
	known := false
	switch parts[0] {
	case "path", "terraform":
		return true
	case "each", "count", "self":
		m.problem(place, "%q is not available here", parts[0])
		return false
	case "var":
		d, ok := m.variables[parts[1]]
		if ok {
			d.used = true
		}
		known = ok
	case "local":
		d, ok := m.locals[parts[1]]
		if ok {
			d.used = true
			m.edge(target)
		}
		known = ok
	case "module":
		_, known = m.modules[parts[1]]
	default:
		_, known = m.resources[target]
		if known {
			m.edge(target)
		}
	}
	if !known {
		m.problem(place, "nothing declares %s", target)
	}
	return known
}

func (m *module) edge(target string) {
	if m.owner != "" && !slices.Contains(m.edges[m.owner], target) {
		m.edges[m.owner] = append(m.edges[m.owner], target)
	}
}

// ownedBy runs f while references count as those of a resource or local.
func (m *module) ownedBy(owner string, f func()) {
	before := m.owner
	m.owner = owner
	f()
	m.owner = before
}

func (m *module) localValue(name string) cty.Value {
	d := m.locals[name]
	switch d.state {
	case stateDone:
		return d.value
	case stateBusy:
		return cty.DynamicVal // a cycle, which cycles reports
	case stateNew:
	}
	d.state = stateBusy
	m.ownedBy("local."+name, func() { d.value = m.eval(d.expr, nil) })
	d.state = stateDone
	return d.value
}

// instances returns the known value of a resource's count or for_each; an unknown value when it is not known.
func (m *module) instances(addr string) cty.Value {
	r := m.resources[addr]
	switch r.state {
	case stateDone:
		return r.keys
	case stateBusy:
		return cty.DynamicVal
	case stateNew:
	}
	r.state = stateBusy
	m.ownedBy(addr, func() { r.keys = m.repetition(r) })
	r.state = stateDone
	return r.keys
}

func (m *module) repetition(r *resource) cty.Value {
	v := m.eval(r.repeat, nil)
	place := r.repeat.Range()
	if v.IsKnown() && v.IsNull() {
		m.problem(place, "count or for_each is null")
		return cty.DynamicVal
	}
	if !r.isMap {
		n, err := convert.Convert(v, cty.Number)
		if err != nil {
			m.problem(place, "count: %v", err)
			return cty.DynamicVal
		}
		return n
	}
	t := v.Type()
	if t == cty.DynamicPseudoType || t.IsMapType() || t.IsObjectType() || t.IsSetType() && t.ElementType() == cty.String {
		return v
	}
	m.problem(place, "for_each is %s, want a map or a set of strings", t.FriendlyName())
	return cty.DynamicVal
}

// resourceValue returns what a reference to a resource gives: unknown results, one for each instance.
func (m *module) resourceValue(addr string) cty.Value {
	r := m.resources[addr]
	if r.schema == nil {
		return cty.DynamicVal
	}
	t, ok := m.types[r.schema]
	if !ok {
		t = r.schema.Type()
		m.types[r.schema] = t
	}
	one := cty.UnknownVal(t)
	if r.repeat == nil {
		return one
	}
	keys := m.instances(addr)
	if !r.isMap {
		n, ok := countOf(keys)
		switch {
		case !ok:
			return cty.UnknownVal(cty.List(t))
		case n == 0:
			return cty.ListValEmpty(t)
		}
		return cty.ListVal(slices.Repeat([]cty.Value{one}, n))
	}
	if !keys.IsKnown() {
		return cty.UnknownVal(cty.Map(t))
	}
	byKey := map[string]cty.Value{}
	for it := keys.ElementIterator(); it.Next(); {
		k, _ := it.Element()
		if keys.Type().IsSetType() {
			_, k = it.Element()
		}
		if !k.IsKnown() {
			return cty.UnknownVal(cty.Map(t))
		}
		byKey[k.AsString()] = one
	}
	if len(byKey) == 0 {
		return cty.MapValEmpty(t)
	}
	return cty.MapVal(byKey)
}

func countOf(v cty.Value) (int, bool) {
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return 0, false
	}
	n, _ := v.AsBigFloat().Int64()
	return int(n), n >= 0
}
