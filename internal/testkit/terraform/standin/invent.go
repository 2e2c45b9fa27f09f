package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// inventor makes up values. They follow from the resource's type and arguments alone, so that two runs of one
// configuration give the same values; equal resources are told apart by a count.
type inventor struct {
	provider string

	mu    sync.Mutex
	seen  map[[sha256.Size]byte]int
	addrs map[netip.Addr]bool
}

func newInventor(provider string) *inventor {
	return &inventor{provider: provider, seen: map[[sha256.Size]byte]int{}, addrs: map[netip.Addr]bool{}}
}

// fill returns planned with a value for all that is unknown; another one for each call with the same plan.
func (in *inventor) fill(typeName string, planned cty.Value) (cty.Value, error) {
	b, err := msgpack.Marshal(planned, planned.Type())
	if err != nil {
		return cty.NilVal, err
	}
	sum := sha256.Sum256(append([]byte(typeName+"\x00"), b...))
	in.mu.Lock()
	n := in.seen[sum]
	in.seen[sum]++
	in.mu.Unlock()
	m := &maker{inventor: in, typeName: typeName, seed: fmt.Sprintf("%x/%d", sum, n)}
	return m.fill(planned)
}

// fillAgain is fill for what is read more than once: each call with the same plan gives the same.
func (in *inventor) fillAgain(typeName string, planned cty.Value) (cty.Value, error) {
	b, err := msgpack.Marshal(planned, planned.Type())
	if err != nil {
		return cty.NilVal, err
	}
	m := &maker{inventor: in, typeName: typeName, seed: fmt.Sprintf("%x", sha256.Sum256(b)), again: true}
	return m.fill(planned)
}

// imported invents a whole resource but for its id; nested blocks stay away.
func (in *inventor) imported(typeName, id string, b *schema.Block) (cty.Value, error) {
	values := make(map[string]cty.Value, len(b.Attributes)+len(b.Blocks))
	for name, a := range b.Attributes {
		values[name] = cty.UnknownVal(a.Type)
		if a.WriteOnly || !a.Computed && !a.Required {
			values[name] = cty.NullVal(a.Type)
		}
	}
	for name, n := range b.Blocks {
		switch n.Nesting {
		case schema.NestingSingle:
			values[name] = cty.NullVal(n.Type())
		case schema.NestingList:
			values[name] = cty.ListValEmpty(n.Block.Type())
		case schema.NestingSet:
			values[name] = cty.SetValEmpty(n.Block.Type())
		}
	}
	if _, ok := values["id"]; ok {
		values["id"] = cty.StringVal(id)
	}
	return in.fillAgain(typeName, cty.ObjectVal(values))
}

// maker invents the values of one resource.
type maker struct {
	*inventor
	typeName string
	seed     string
	again    bool // values need not be unique, but equal at each call
}

func (m *maker) fill(planned cty.Value) (cty.Value, error) {
	v, err := specials(m, planned)
	if err != nil {
		return cty.NilVal, err
	}
	return cty.Transform(v, func(path cty.Path, v cty.Value) (cty.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		return m.invent(v.Type(), pathString(path), 0), nil
	})
}

// pathString writes the attribute names of a path with dots, and indices in brackets.
func pathString(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			fmt.Fprintf(&b, "[%d]", s.Key.Hash())
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// invent makes a value of a type for the attribute at path, which stands at index of its list.
func (m *maker) invent(t cty.Type, path string, index int) cty.Value {
	name := attributeName(path)
	switch {
	case t == cty.String, t == cty.DynamicPseudoType:
		return cty.StringVal(m.text(name, path))
	case t == cty.Number && name == "id":
		return cty.NumberIntVal(int64(index)) // the number of an interface counts from 0
	case t == cty.Number && strings.Contains(name, "asn"):
		return cty.NumberIntVal(int64(64512 + m.number(path)%1000))
	case t == cty.Number:
		return cty.NumberIntVal(int64(1 + m.number(path)%1000))
	case t == cty.Bool:
		return cty.False
	case t.IsListType():
		return cty.ListVal(m.elements(t.ElementType(), path, m.length(path)))
	case t.IsSetType():
		return cty.SetVal(m.elements(t.ElementType(), path, m.length(path)))
	case t.IsMapType():
		return cty.MapVal(map[string]cty.Value{"invented": m.invent(t.ElementType(), path+"[invented]", 0)})
	case t.IsObjectType():
		values := map[string]cty.Value{}
		for _, n := range sortedKeys(t.AttributeTypes()) {
			values[n] = m.invent(t.AttributeType(n), path+"."+n, index)
		}
		return cty.ObjectVal(values)
	}
	return cty.NullVal(t)
}

func (m *maker) elements(t cty.Type, path string, n int) []cty.Value {
	var out []cty.Value
	for i := range n {
		out = append(out, m.invent(t, fmt.Sprintf("%s[%d]", path, i), i))
	}
	return out
}

// indices matches the indices of a path.
var indices = regexp.MustCompile(`\[[^\]]*\]`)

// length returns how many elements the collection at path gets: two, or what filledBlocks says.
func (m *maker) length(path string) int {
	if n, ok := filledBlocks[m.typeName][indices.ReplaceAllString(path, "")]; ok {
		return n
	}
	return 2
}

func attributeName(path string) string {
	path = indices.ReplaceAllString(path, "")
	return path[strings.LastIndexByte(path, '.')+1:]
}

func (m *maker) hash(path string) [sha256.Size]byte {
	return sha256.Sum256([]byte(m.provider + "\x00" + m.typeName + "\x00" + m.seed + "\x00" + path))
}

func (m *maker) number(path string) uint32 {
	h := m.hash(path)
	return binary.BigEndian.Uint32(h[:])
}

func (m *maker) hex(path string, n int) string {
	h := m.hash(path)
	return hex.EncodeToString(h[:])[:n]
}
