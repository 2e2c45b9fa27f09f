package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// module is what one directory declares.
type module struct {
	*checker
	dir string

	required  map[string]string           // provider type name by local name
	configs   map[string]hcl.Range        // provider configurations, as "aws" or "aws.prod"
	variables map[string]*declaration     //
	locals    map[string]*declaration     //
	resources map[string]*resource        // as "aws_vpc.main" or "data.aws_region.here"
	modules   map[string]*hclsyntax.Block //
	outputs   map[string]hcl.Range        //
	types     map[*schema.Block]cty.Type  // the blocks' types, made once
	edges     map[string][]string         // what each resource and local refers to
	owner     string                      // the resource or local whose expressions are looked at
}

// declaration is a variable or a local value.
type declaration struct {
	place hcl.Range
	expr  hclsyntax.Expression // of a local
	typ   cty.Type             // of a variable
	value cty.Value            // of a local, once evaluated
	state state
	used  bool
}

// state tells how far the evaluation of a local or of a resource's instances is, to stop at cycles.
type state int

const (
	stateNew state = iota
	stateBusy
	stateDone
)

// resource is a managed resource or a data source.
type resource struct {
	block  *hclsyntax.Block
	schema *schema.Block
	repeat hclsyntax.Expression // of count or for_each, else nil
	isMap  bool                 // repeat is for_each
	keys   cty.Value            // value of repeat, once evaluated
	state  state
}

func newModule(c *checker, dir string) *module {
	return &module{
		checker: c, dir: dir,
		required: map[string]string{}, configs: map[string]hcl.Range{},
		variables: map[string]*declaration{}, locals: map[string]*declaration{},
		resources: map[string]*resource{}, modules: map[string]*hclsyntax.Block{},
		outputs: map[string]hcl.Range{}, types: map[*schema.Block]cty.Type{}, edges: map[string][]string{},
	}
}

// labels is the number of labels that each block type of the language takes.
var labels = map[string]int{
	"terraform": 0, "provider": 1, "variable": 1, "locals": 0, "resource": 2, "data": 2,
	"module": 1, "output": 1, "moved": 0, "removed": 0, "import": 0, "check": 1,
}

// declare collects all names before any expression is looked at, as the order of blocks does not matter.
func (m *module) declare(blocks hclsyntax.Blocks) {
	for _, b := range blocks {
		if b.Type == "terraform" {
			m.declareRequired(b)
		}
	}
	for _, b := range blocks {
		n, ok := labels[b.Type]
		if !ok {
			m.problem(b.TypeRange, "unknown block type %q", b.Type)
			continue
		}
		if len(b.Labels) != n {
			m.problem(b.TypeRange, "block %q has %d labels, want %d", b.Type, len(b.Labels), n)
			continue
		}
		m.declareBlock(b)
	}
}

func (m *module) declareBlock(b *hclsyntax.Block) {
	place := b.DefRange()
	switch b.Type {
	case "provider":
		name := b.Labels[0]
		if a, ok := b.Body.Attributes["alias"]; ok {
			if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.Type() == cty.String {
				name += "." + v.AsString()
			}
		}
		declareOnce(m, m.configs, name, place, place, "provider configuration")
	case "variable":
		declareOnce(m, m.variables, b.Labels[0], &declaration{place: place, typ: m.variableType(b)}, place, "variable")
	case "locals":
		for _, name := range sortedKeys(b.Body.Attributes) {
			a := b.Body.Attributes[name]
			declareOnce(m, m.locals, name, &declaration{place: a.NameRange, expr: a.Expr}, a.NameRange, "local value")
		}
	case "resource", "data":
		r := &resource{block: b, schema: m.resourceSchema(b)}
		if a, ok := b.Body.Attributes["for_each"]; ok {
			r.repeat, r.isMap = a.Expr, true
		}
		if a, ok := b.Body.Attributes["count"]; ok {
			r.repeat = a.Expr
		}
		declareOnce(m, m.resources, address(b), r, place, "resource")
	case "module":
		declareOnce(m, m.modules, b.Labels[0], b, place, "module")
	case "output":
		declareOnce(m, m.outputs, b.Labels[0], place, place, "output")
	}
}

func declareOnce[V any](m *module, names map[string]V, name string, v V, place hcl.Range, kind string) {
	if _, ok := names[name]; ok {
		m.problem(place, "duplicate %s %q", kind, name)
		return
	}
	names[name] = v
}

// address returns "TYPE.NAME", with "data." in front for a data source.
func address(b *hclsyntax.Block) string {
	a := strings.Join(b.Labels, ".")
	if b.Type == "data" {
		return "data." + a
	}
	return a
}

func (m *module) declareRequired(b *hclsyntax.Block) {
	for _, inner := range b.Body.Blocks {
		if inner.Type != "required_providers" {
			continue
		}
		for _, name := range sortedKeys(inner.Body.Attributes) {
			m.declareProvider(name, inner.Body.Attributes[name])
		}
	}
}

func (m *module) declareProvider(name string, a *hclsyntax.Attribute) {
	m.required[name] = name
	object, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		m.problem(a.NameRange, "provider %q needs a source and a version", name)
		return
	}
	for _, item := range object.Items {
		key := hcl.ExprAsKeyword(item.KeyExpr)
		if key == "configuration_aliases" {
			for _, e := range item.ValueExpr.(*hclsyntax.TupleConsExpr).Exprs {
				if t, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() {
					m.configs[traversalString(t)] = e.Range()
				}
			}
			continue
		}
		v, diags := item.ValueExpr.Value(nil)
		m.diagnostics(diags, a.NameRange)
		if key != "source" || diags.HasErrors() || v.Type() != cty.String {
			continue
		}
		parts := strings.Split(v.AsString(), "/")
		m.required[name] = parts[len(parts)-1]
		p := m.provider(m.required[name])
		if p == nil || len(parts) < 2 || !strings.EqualFold(parts[len(parts)-2], p.Namespace) {
			m.problem(a.NameRange, "no schema of provider %q", v.AsString())
		}
	}
}

func (m *module) variableType(b *hclsyntax.Block) cty.Type {
	a, ok := b.Body.Attributes["type"]
	if !ok {
		return cty.DynamicPseudoType
	}
	t, _, diags := typeexpr.TypeConstraintWithDefaults(a.Expr)
	m.diagnostics(diags, a.NameRange)
	if diags.HasErrors() {
		return cty.DynamicPseudoType
	}
	return t.WithoutOptionalAttributesDeep()
}

// resourceSchema returns the schema of a resource or data source; without one it reports why and returns nil.
func (m *module) resourceSchema(b *hclsyntax.Block) *schema.Block {
	typeName := b.Labels[0]
	if s := builtin(b.Type, typeName); s != nil {
		return s
	}
	local, _, _ := strings.Cut(typeName, "_")
	if a, ok := b.Body.Attributes["provider"]; ok {
		if t, diags := hcl.AbsTraversalForExpr(a.Expr); !diags.HasErrors() {
			local = t.RootName()
		}
	}
	name, ok := m.required[local]
	if !ok {
		m.problem(b.DefRange(), "provider %q is not in required_providers", local)
		return nil
	}
	p := m.provider(name)
	if p == nil {
		return nil // reported at required_providers
	}
	s := p.Resource(typeName)
	kind := "resource type"
	if b.Type == "data" {
		s, kind = p.DataSource(typeName), "data source"
	}
	if s == nil {
		m.problem(b.DefRange(), "unknown %s %q", kind, typeName)
		return nil
	}
	if s.Deprecated {
		m.problem(b.DefRange(), "deprecated %s %q", kind, typeName)
	}
	return s
}

// builtin returns the schemas that Terraform brings itself.
func builtin(kind, typeName string) *schema.Block {
	dynamic, text := cty.DynamicPseudoType, cty.String
	switch kind + "." + typeName {
	case "data.terraform_remote_state":
		return &schema.Block{Attributes: map[string]*schema.Attribute{
			"backend":   {Type: text, Required: true},
			"workspace": {Type: text, Optional: true},
			"config":    {Type: dynamic, Optional: true},
			"defaults":  {Type: dynamic, Optional: true},
			"outputs":   {Type: dynamic, Computed: true},
		}}
	case "resource.terraform_data":
		return &schema.Block{Attributes: map[string]*schema.Attribute{
			"input":            {Type: dynamic, Optional: true},
			"triggers_replace": {Type: dynamic, Optional: true},
			"output":           {Type: dynamic, Computed: true},
			"id":               {Type: text, Computed: true},
		}}
	}
	return nil
}

// unused reports variables and locals that nothing refers to.
func (m *module) unused() {
	for _, name := range sortedKeys(m.variables) {
		if d := m.variables[name]; !d.used {
			m.problem(d.place, "variable %q is not used", name)
		}
	}
	for _, name := range sortedKeys(m.locals) {
		if d := m.locals[name]; !d.used {
			m.problem(d.place, "local value %q is not used", name)
		}
	}
}

// cycles reports resources and locals that need themselves.
func (m *module) cycles() {
	states := map[string]state{}
	var visit func(name string, stack []string)
	visit = func(name string, stack []string) {
		switch states[name] {
		case stateDone:
			return
		case stateBusy:
			cycle := append(stack[slices.Index(stack, name):], name)
			m.problem(m.place(name), "cycle: %s", strings.Join(cycle, " -> "))
			return
		case stateNew:
		}
		states[name] = stateBusy
		for _, next := range m.edges[name] {
			visit(next, append(stack[:len(stack):len(stack)], name))
		}
		states[name] = stateDone
	}
	for _, name := range sortedKeys(m.edges) {
		visit(name, nil)
	}
}

func (m *module) place(name string) hcl.Range {
	if local, ok := strings.CutPrefix(name, "local."); ok {
		return m.locals[local].place
	}
	return m.resources[name].block.DefRange()
}
