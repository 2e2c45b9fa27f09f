package check

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// Arguments and blocks that the language itself gives to block types.
var (
	resourceArguments = []string{"count", "for_each", "provider", "depends_on"}
	resourceBlocks    = []string{"lifecycle", "provisioner", "connection"}
	moduleArguments   = []string{"source", "version", "count", "for_each", "providers", "depends_on"}
	plainArguments    = map[string][]string{
		"output":   {"value", "description", "sensitive", "depends_on", "ephemeral"},
		"variable": {"type", "default", "description", "sensitive", "nullable", "ephemeral"},
	}
)

// check looks at every expression of the module.
func (m *module) check(blocks hclsyntax.Blocks) {
	for _, b := range blocks {
		if n, ok := labels[b.Type]; !ok || n != len(b.Labels) {
			continue // reported when it was declared
		}
		m.checkBlock(b)
	}
	for _, name := range sortedKeys(m.locals) {
		m.localValue(name)
	}
	m.unused()
	m.cycles()
}

func (m *module) checkBlock(b *hclsyntax.Block) {
	switch b.Type {
	case "provider":
		m.checkProvider(b)
	case "resource", "data":
		addr := address(b)
		if r := m.resources[addr]; r != nil && r.block == b {
			m.ownedBy(addr, func() { m.checkResource(addr, r) })
		}
	case "module":
		m.checkModuleCall(b)
	case "output", "variable":
		m.checkPlain(b)
	case "moved":
		m.checkAddress(b, "to")
	case "import":
		m.checkAddress(b, "to")
		if a, ok := b.Body.Attributes["id"]; ok {
			m.eval(a.Expr, nil)
		}
	case "check":
		for _, inner := range b.Body.Blocks {
			m.evalAll(inner.Body, nil)
		}
	case "terraform", "locals", "removed":
		// Names only: looked at when they were declared.
	}
}

func (m *module) checkProvider(b *hclsyntax.Block) {
	name, ok := m.required[b.Labels[0]]
	if !ok {
		m.problem(b.DefRange(), "provider %q is not in required_providers", b.Labels[0])
		return
	}
	p := m.provider(name)
	if p == nil {
		return
	}
	m.checkBody(subject{typeName: "provider." + name, place: b.DefRange()}, b.Body, p.Config, []string{"alias"}, nil)
}

func (m *module) checkResource(addr string, r *resource) {
	m.checkMeta(r)
	if r.schema == nil {
		return
	}
	for _, s := range m.scopes(addr, r) {
		m.checkBody(subject{typeName: strings.Join(r.block.Labels[:1], ""), data: r.block.Type == "data", scope: s, place: r.block.DefRange()},
			r.block.Body, r.schema, resourceArguments, resourceBlocks)
	}
}

// scopes returns what each and count are, once for each known instance, else once with unknown values.
func (m *module) scopes(addr string, r *resource) []scope {
	if r.repeat == nil {
		return []scope{nil}
	}
	keys := m.instances(addr)
	var out []scope
	if !r.isMap {
		n, _ := countOf(keys)
		for i := range n {
			out = append(out, scope{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})})
		}
		if n == 0 {
			out = append(out, scope{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.UnknownVal(cty.Number)})})
		}
		return out
	}
	for _, pair := range elements(keys) {
		out = append(out, scope{"each": pair.object()})
	}
	if len(out) == 0 {
		out = append(out, scope{"each": pair{cty.UnknownVal(cty.String), elementOf(keys)}.object()})
	}
	return out
}

// pair is one element of a for_each.
type pair struct{ key, value cty.Value }

func (p pair) object() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": p.key, "value": p.value})
}

// elements returns the elements of a known collection; none when it is unknown.
func elements(v cty.Value) []pair {
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	var out []pair
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if v.Type().IsSetType() {
			k = e
		}
		out = append(out, pair{k, e})
	}
	return out
}

// elementOf returns an unknown element of a collection.
func elementOf(v cty.Value) cty.Value {
	if t := v.Type(); t.IsCollectionType() {
		return cty.UnknownVal(t.ElementType())
	}
	return cty.DynamicVal
}

// checkMeta looks at the arguments that the language gives to every resource.
func (m *module) checkMeta(r *resource) {
	attrs := r.block.Body.Attributes
	if attrs["count"] != nil && attrs["for_each"] != nil {
		m.problem(attrs["count"].NameRange, "count and for_each together")
	}
	if r.repeat != nil {
		m.instances(address(r.block))
	}
	if a := attrs["provider"]; a != nil {
		t, diags := hcl.AbsTraversalForExpr(a.Expr)
		m.diagnostics(diags, a.NameRange)
		if name := traversalString(t); !diags.HasErrors() && strings.Contains(name, ".") {
			if _, ok := m.configs[name]; !ok {
				m.problem(a.NameRange, "nothing declares provider %s", name)
			}
		}
	}
	m.checkDependsOn(attrs["depends_on"])
	for _, inner := range r.block.Body.Blocks {
		if inner.Type == "lifecycle" {
			m.checkLifecycle(r, inner)
		}
	}
}

func (m *module) checkDependsOn(a *hclsyntax.Attribute) {
	if a == nil {
		return
	}
	items, diags := hcl.ExprList(a.Expr)
	m.diagnostics(diags, a.NameRange)
	for _, item := range items {
		t, diags := hcl.AbsTraversalForExpr(item)
		m.diagnostics(diags, a.NameRange)
		if !diags.HasErrors() {
			m.checkReference(t, leadingNames(t))
		}
	}
}

func (m *module) checkLifecycle(r *resource, b *hclsyntax.Block) {
	for _, name := range sortedKeys(b.Body.Attributes) {
		a := b.Body.Attributes[name]
		switch name {
		case "create_before_destroy", "prevent_destroy":
			m.eval(a.Expr, nil)
		case "replace_triggered_by":
			m.checkDependsOn(a)
		case "ignore_changes":
			m.checkIgnored(r, a)
		default:
			m.problem(a.NameRange, "unknown argument %q in lifecycle", name)
		}
	}
	self := scope{"self": cty.DynamicVal, "each": cty.DynamicVal, "count": cty.DynamicVal}
	for _, inner := range b.Body.Blocks {
		m.evalAll(inner.Body, self)
	}
}

func (m *module) checkIgnored(r *resource, a *hclsyntax.Attribute) {
	items, _ := hcl.ExprList(a.Expr)
	for _, item := range items {
		t, diags := hcl.RelTraversalForExpr(item)
		if diags.HasErrors() || len(t) == 0 || r.schema == nil {
			continue
		}
		first, ok := t[0].(hcl.TraverseAttr)
		if !ok {
			continue
		}
		if r.schema.Attributes[first.Name] == nil && r.schema.Blocks[first.Name] == nil {
			m.problem(item.Range(), "unknown argument %q in ignore_changes", first.Name)
		}
	}
}

// checkAddress looks at the argument of a moved or import block that names a resource of this module.
func (m *module) checkAddress(b *hclsyntax.Block, name string) {
	a, ok := b.Body.Attributes[name]
	if !ok {
		m.problem(b.DefRange(), "missing argument %q", name)
		return
	}
	for _, t := range a.Expr.Variables() {
		if t.RootName() != "each" {
			m.checkReference(t, leadingNames(t))
		}
	}
}

// checkPlain looks at an output or a variable.
func (m *module) checkPlain(b *hclsyntax.Block) {
	known := plainArguments[b.Type]
	for _, name := range sortedKeys(b.Body.Attributes) {
		a := b.Body.Attributes[name]
		switch {
		case !slices.Contains(known, name):
			m.problem(a.NameRange, "unknown argument %q in %s", name, b.Type)
		case name == "depends_on":
			m.checkDependsOn(a)
		case name == "default":
			if d := m.variables[b.Labels[0]]; d != nil {
				if _, err := convert.Convert(m.eval(a.Expr, nil), d.typ); err != nil {
					m.problem(a.NameRange, "default of variable %q: %v", b.Labels[0], err)
				}
			}
		case name != "type":
			m.eval(a.Expr, nil)
		}
	}
	if b.Type == "output" && b.Body.Attributes["value"] == nil {
		m.problem(b.DefRange(), "output %q has no value", b.Labels[0])
	}
	for _, inner := range b.Body.Blocks {
		if inner.Type != "validation" && inner.Type != "precondition" {
			m.problem(inner.TypeRange, "unknown block %q in %s", inner.Type, b.Type)
		}
		used := m.variables[b.Labels[0]] != nil && m.variables[b.Labels[0]].used
		m.evalAll(inner.Body, nil)
		if b.Type == "variable" {
			m.variables[b.Labels[0]].used = used // its own validation is no use of it
		}
	}
}

func (m *module) evalAll(body *hclsyntax.Body, s scope) {
	for _, name := range sortedKeys(body.Attributes) {
		m.eval(body.Attributes[name].Expr, s)
	}
	for _, b := range body.Blocks {
		m.evalAll(b.Body, s)
	}
}

// checkModuleCall looks at a module block; what a local module declares is compared with what it is given.
func (m *module) checkModuleCall(b *hclsyntax.Block) {
	s := scope{"each": cty.DynamicVal, "count": cty.DynamicVal}
	for _, name := range sortedKeys(b.Body.Attributes) {
		switch name {
		case "providers":
		case "depends_on":
			m.checkDependsOn(b.Body.Attributes[name])
		default:
			m.eval(b.Body.Attributes[name].Expr, s)
		}
	}
	a, ok := b.Body.Attributes["source"]
	if !ok {
		m.problem(b.DefRange(), "missing argument %q", "source")
		return
	}
	v := m.eval(a.Expr, nil)
	if !v.IsKnown() || v.Type() != cty.String || !strings.HasPrefix(v.AsString(), ".") {
		return
	}
	child := newModule(&checker{fsys: m.fsys, providers: m.providers, found: map[Problem]bool{}}, path.Join(m.dir, v.AsString()))
	files := m.dirs[child.dir]
	if len(files) == 0 {
		m.problem(a.NameRange, "no module in %q", v.AsString())
		return
	}
	m.compareInputs(b, child.variablesOf(files))
}

func (m *module) compareInputs(b *hclsyntax.Block, required map[string]bool) {
	for _, name := range sortedKeys(b.Body.Attributes) {
		if _, ok := required[name]; !ok && !slices.Contains(moduleArguments, name) {
			m.problem(b.Body.Attributes[name].NameRange, "module %q has no variable %q", b.Labels[0], name)
		}
	}
	for _, name := range sortedKeys(required) {
		if required[name] && b.Body.Attributes[name] == nil {
			m.problem(b.DefRange(), "module %q needs variable %q", b.Labels[0], name)
		}
	}
}

// objectBlock makes a schema for an attribute that may be written as blocks: a list or set of objects.
func objectBlock(t cty.Type) *schema.Block {
	b := &schema.Block{Attributes: map[string]*schema.Attribute{}}
	for name, at := range t.ElementType().AttributeTypes() {
		b.Attributes[name] = &schema.Attribute{Type: at, Optional: true}
	}
	return b
}
