package audit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// shownState turns a Terraform fragment into what terraform show -json says of
// its state once applied: resources with literal attributes, blocks as lists of
// objects, and for references the value of the attribute, or an id made up of
// the resource's address.
func shownState(t testing.TB, name string, src []byte) []byte {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	f := &fragment{blocks: map[string]*hclsyntax.Block{}, given: map[string][]string{}}
	var list []*hclsyntax.Block
	for _, b := range file.Body.(*hclsyntax.Body).Blocks {
		if b.Type != "resource" || len(b.Labels) != 2 {
			t.Fatalf("%s: a fragment has resources only, not %s", b.Range(), b.Type)
		}
		f.blocks[b.Labels[0]+"."+b.Labels[1]] = b
		list = append(list, b)
	}
	type resource struct {
		Address  string          `json:"address"`
		Mode     string          `json:"mode"`
		Type     string          `json:"type"`
		Name     string          `json:"name"`
		Provider string          `json:"provider_name"`
		Values   json.RawMessage `json:"values"`
	}
	objects := make([]map[string]cty.Value, len(list))
	for i, b := range list {
		values, err := f.object(b.Body)
		if err != nil {
			t.Fatalf("%s.%s: %v", b.Labels[0], b.Labels[1], err)
		}
		objects[i] = values
	}
	var out []resource
	for i, b := range list {
		address, values := b.Labels[0]+"."+b.Labels[1], objects[i]
		for _, attr := range append([]string{"id", "self_link", "arn"}, f.given[address]...) {
			if _, ok := values[attr]; !ok {
				values[attr] = cty.StringVal(madeUp(address, attr))
			}
		}
		text, err := ctyjson.Marshal(cty.ObjectVal(values), cty.DynamicPseudoType)
		if err != nil {
			t.Fatal(err)
		}
		var typed struct{ Value json.RawMessage }
		if err := json.Unmarshal(text, &typed); err != nil {
			t.Fatal(err)
		}
		provider, _, _ := strings.Cut(b.Labels[0], "_")
		out = append(out, resource{address, "managed", b.Labels[0], b.Labels[1], "registry.terraform.io/hashicorp/" + provider, typed.Value})
	}
	var state struct {
		Format  string `json:"format_version"`
		Version string `json:"terraform_version"`
		Values  struct {
			Root struct {
				Resources []resource `json:"resources"`
			} `json:"root_module"`
		} `json:"values"`
	}
	state.Format, state.Version, state.Values.Root.Resources = "1.0", "1.9.0", out
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// madeUp is the value of an attribute that a cloud would give out.
func madeUp(address, attr string) string {
	if attr == "id" {
		return address + "-id"
	}
	return address + "-id/" + attr
}

type fragment struct {
	blocks map[string]*hclsyntax.Block
	given  map[string][]string // attributes that others refer to and a cloud gives out, by address
}

// object evaluates a body: its attributes, and its blocks as lists.
func (f *fragment) object(body *hclsyntax.Body) (map[string]cty.Value, error) {
	out := map[string]cty.Value{}
	for name, a := range body.Attributes {
		v, err := f.value(a.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	nested := map[string][]cty.Value{}
	for _, b := range body.Blocks {
		o, err := f.object(b.Body)
		if err != nil {
			return nil, err
		}
		nested[b.Type] = append(nested[b.Type], cty.ObjectVal(o))
	}
	for name, list := range nested {
		out[name] = cty.TupleVal(list)
	}
	return out, nil
}

// value evaluates an expression of literals and references to attributes.
func (f *fragment) value(e hclsyntax.Expression) (cty.Value, error) {
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}}
	types := map[string]map[string]map[string]cty.Value{}
	for _, tr := range e.Variables() {
		if len(tr) < 3 {
			return cty.NilVal, fmt.Errorf("%s: no reference to an attribute", tr.SourceRange())
		}
		kind, name, attr := tr.RootName(), tr[1].(hcl.TraverseAttr).Name, tr[2].(hcl.TraverseAttr).Name
		address := kind + "." + name
		b := f.blocks[address]
		if b == nil {
			return cty.NilVal, fmt.Errorf("%s: no resource %s", tr.SourceRange(), address)
		}
		v := cty.StringVal(madeUp(address, attr))
		if a, ok := b.Body.Attributes[attr]; ok {
			var err error
			if v, err = f.value(a.Expr); err != nil {
				return cty.NilVal, err
			}
		} else {
			f.given[address] = append(f.given[address], attr)
		}
		if types[kind] == nil {
			types[kind] = map[string]map[string]cty.Value{}
		}
		if types[kind][name] == nil {
			types[kind][name] = map[string]cty.Value{}
		}
		types[kind][name][attr] = v
	}
	for kind, names := range types {
		objects := map[string]cty.Value{}
		for name, attrs := range names {
			objects[name] = cty.ObjectVal(attrs)
		}
		ctx.Variables[kind] = cty.ObjectVal(objects)
	}
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return v, nil
}
