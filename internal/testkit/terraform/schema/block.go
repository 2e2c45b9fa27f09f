package schema

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// lazyBlock decodes a block at its first use: a root uses few of a provider's hundreds of types.
type lazyBlock struct {
	once  sync.Once
	raw   json.RawMessage
	lost  []string // attributes to repair
	block *Block
}

// UnmarshalJSON keeps the text of {"version":N,"block":{...}} for later.
func (l *lazyBlock) UnmarshalJSON(b []byte) error {
	l.raw = append(json.RawMessage(nil), b...)
	return nil
}

func (l *lazyBlock) get() *Block {
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		var s struct {
			Block *Block `json:"block"`
		}
		if err := json.Unmarshal(l.raw, &s); err != nil {
			panic(fmt.Sprintf("embedded schema: %v", err)) // TestEveryBlockDecodes covers each of them
		}
		l.block, l.raw = s.Block, nil
		repair(l.block, l.lost)
	})
	return l.block
}

// UnmarshalJSON reads an attribute with its type, given either as `type` or as `nested_type`.
func (a *Attribute) UnmarshalJSON(b []byte) error {
	type plain Attribute
	var w struct {
		plain
		Type   json.RawMessage `json:"type"`
		Nested *nestedType     `json:"nested_type"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*a = Attribute(w.plain)
	if w.Nested != nil {
		a.Type = w.Nested.typ()
		return nil
	}
	t, err := ctyjson.UnmarshalType(w.Type)
	a.Type = t
	return err
}

type nestedType struct {
	Attributes map[string]*Attribute `json:"attributes"`
	Nesting    string                `json:"nesting_mode"`
}

func (n *nestedType) typ() cty.Type {
	types := make(map[string]cty.Type, len(n.Attributes))
	var optional []string
	for name, a := range n.Attributes {
		types[name] = a.Type
		if !a.Required {
			optional = append(optional, name)
		}
	}
	object := cty.ObjectWithOptionalAttrs(types, optional)
	switch n.Nesting {
	case "list":
		return cty.List(object)
	case "set":
		return cty.Set(object)
	case "map":
		return cty.Map(object)
	default:
		return object
	}
}

// Type returns the object type of a block's value, as Terraform derives it from the schema.
func (b *Block) Type() cty.Type {
	types := make(map[string]cty.Type, len(b.Attributes)+len(b.Blocks))
	for name, a := range b.Attributes {
		types[name] = a.Type.WithoutOptionalAttributesDeep()
	}
	for name, n := range b.Blocks {
		types[name] = n.Type()
	}
	return cty.Object(types)
}

// Type returns the type of the value that all blocks of this block type make up.
func (n *NestedBlock) Type() cty.Type {
	switch n.Nesting {
	case NestingList:
		return cty.List(n.Block.Type())
	case NestingSet:
		return cty.Set(n.Block.Type())
	case NestingSingle:
		return n.Block.Type()
	}
	panic(fmt.Sprintf("embedded schema: nesting mode %q", n.Nesting))
}
