package check

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// subject says what a body belongs to.
type subject struct {
	typeName string    // resource type; "provider.NAME" for a provider block
	data     bool      // it is a data source
	path     string    // names of the blocks around it, each with a dot after it
	scope    scope     //
	place    hcl.Range // where missing things are reported
}

func (s subject) inside(block string, place hcl.Range, inner scope) subject {
	s.path += block + "."
	s.place, s.scope = place, inner
	return s
}

// checkBody compares a body with its schema. The extra arguments and blocks are those of the language.
func (m *module) checkBody(s subject, body *hclsyntax.Body, b *schema.Block, extraArguments, extraBlocks []string) {
	given := map[string]cty.Value{}
	for _, name := range sortedKeys(body.Attributes) {
		if slices.Contains(extraArguments, name) {
			continue
		}
		if v, ok := m.checkArgument(s, body.Attributes[name], b.Attributes[name], b.Blocks[name] != nil); ok {
			given[name] = v
		}
	}
	counts := map[string]count{}
	for _, inner := range body.Blocks {
		if slices.Contains(extraBlocks, inner.Type) {
			continue
		}
		m.checkNested(s, inner, b, counts)
	}
	for _, name := range sortedKeys(b.Attributes) {
		if b.Attributes[name].Required && body.Attributes[name] == nil && counts[name].n == 0 {
			m.problem(s.place, "missing argument %q", s.path+name)
		}
	}
	for _, name := range sortedKeys(b.Blocks) {
		n, c := b.Blocks[name], counts[name]
		if c.n < n.MinItems && !c.open {
			m.problem(s.place, "%d blocks %q, want at least %d", c.n, s.path+name, n.MinItems)
		}
		limit := n.MaxItems
		if n.Nesting == schema.NestingSingle {
			limit = 1
		}
		if limit > 0 && c.n > limit {
			m.problem(c.place, "%d blocks %q, want at most %d", c.n, s.path+name, limit)
		}
	}
	m.checkTogether(s, given, counts)
}

// checkArgument returns the value of an argument, converted to its type.
func (m *module) checkArgument(s subject, a *hclsyntax.Attribute, want *schema.Attribute, isBlock bool) (cty.Value, bool) {
	full := s.path + a.Name
	v := m.eval(a.Expr, s.scope)
	switch {
	case want == nil && isBlock:
		m.problem(a.NameRange, "%q is a block, not an argument", full)
		return v, false
	case want == nil:
		m.problem(a.NameRange, "unknown argument %q in %s", full, s.typeName)
		return v, false
	case !want.Settable():
		m.problem(a.NameRange, "argument %q is read-only", full)
		return v, false
	case want.Deprecated:
		m.problem(a.NameRange, "argument %q is deprecated", full)
	}
	if v.IsKnown() && v.IsNull() {
		if want.Required {
			m.problem(a.NameRange, "required argument %q is null", full)
		}
		return v, false
	}
	converted, err := convert.Convert(v, want.Type)
	if err != nil {
		m.problem(a.NameRange, "argument %q: %v", full, err)
		return v, false
	}
	m.checkValue(s, a, converted)
	return converted, true
}

// count is how many blocks of one type a body has.
type count struct {
	n     int
	open  bool      // a dynamic block adds an unknown number
	place hcl.Range // of the last
}

func (m *module) checkNested(s subject, b *hclsyntax.Block, outer *schema.Block, counts map[string]count) {
	name := b.Type
	if name == "dynamic" && len(b.Labels) == 1 {
		name = b.Labels[0]
	}
	var inner *schema.Block
	n, a := outer.Blocks[name], outer.Attributes[name]
	switch {
	case n != nil:
		inner = n.Block
		if inner.Deprecated {
			m.problem(b.TypeRange, "block %q is deprecated", s.path+name)
		}
	case a != nil && a.Settable() && (a.Type.IsListType() || a.Type.IsSetType()) && a.Type.ElementType().IsObjectType():
		inner = objectBlock(a.Type)
	case a != nil:
		m.problem(b.TypeRange, "%q is an argument, not a block", s.path+name)
		return
	default:
		m.problem(b.TypeRange, "unknown block %q in %s", s.path+name, s.typeName)
		return
	}
	c := counts[name]
	c.place = b.TypeRange
	if b.Type == "dynamic" {
		added, known := m.checkDynamic(s, b, name, inner)
		c.n += added
		c.open = c.open || !known
		counts[name] = c
		return
	}
	if len(b.Labels) > 0 {
		m.problem(b.TypeRange, "block %q takes no labels", s.path+name)
	}
	c.n++
	counts[name] = c
	m.checkBody(s.inside(name, b.DefRange(), s.scope), b.Body, inner, nil, nil)
}

// checkDynamic checks a dynamic block for each of its elements and returns how many there are, if that is known.
func (m *module) checkDynamic(s subject, b *hclsyntax.Block, name string, inner *schema.Block) (n int, known bool) {
	iterator := name
	var content *hclsyntax.Block
	for _, c := range b.Body.Blocks {
		if c.Type != "content" || content != nil {
			m.problem(c.TypeRange, "dynamic block %q takes one block, content", name)
			continue
		}
		content = c
	}
	if a := b.Body.Attributes["iterator"]; a != nil {
		iterator = hcl.ExprAsKeyword(a.Expr)
	}
	each := b.Body.Attributes["for_each"]
	if content == nil || each == nil {
		m.problem(b.DefRange(), "dynamic block %q needs for_each and content", name)
		return 0, false
	}
	v := m.eval(each.Expr, s.scope)
	if v.IsKnown() && (v.IsNull() || !v.CanIterateElements()) {
		m.problem(each.NameRange, "for_each of dynamic block %q is %s, want a collection", name, v.Type().FriendlyName())
		return 0, false
	}
	all := elements(v)
	for _, p := range all {
		m.checkBody(s.inside(name, content.DefRange(), s.scope.with(iterator, p.object())), content.Body, inner, nil, nil)
	}
	if len(all) == 0 {
		p := pair{cty.DynamicVal, elementOf(v)}
		m.checkBody(s.inside(name, content.DefRange(), s.scope.with(iterator, p.object())), content.Body, inner, nil, nil)
	}
	return len(all), v.IsKnown()
}

// variablesOf returns the variables of a module's files, and whether each has to be given.
func (m *module) variablesOf(files []string) map[string]bool {
	required := map[string]bool{}
	for _, name := range files {
		src, err := fs.ReadFile(m.fsys, name)
		if err != nil {
			continue // its own check reports it
		}
		f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		if diags.HasErrors() {
			continue
		}
		for _, b := range f.Body.(*hclsyntax.Body).Blocks {
			if b.Type == "variable" && len(b.Labels) == 1 {
				required[strings.Join(b.Labels, "")] = b.Body.Attributes["default"] == nil
			}
		}
	}
	return required
}
