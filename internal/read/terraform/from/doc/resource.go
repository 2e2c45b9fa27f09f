package doc

import (
	"net/netip"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Resource is one instance of a resource.
type Resource struct {
	Block
	Address  string // module.a["x"].aws_subnet.b[0]
	Type     string
	Name     string // its label
	Index    Index
	Provider string // key of its provider's configuration: aws.prod; in states the provider's name
	Origin   fabric.Origin

	mode   string
	module *module
	config Value // its configuration, zero in states
	value  Value
}

func newResource(m *module, v, unknown Value) *Resource {
	r := &Resource{Address: v.Get("address").Text(), Type: v.Get("type").Text(), Name: v.Get("name").Text(), mode: v.Get("mode").Text(), module: m, value: v}
	if key := v.Get("index"); key.Has() {
		r.Index = Index{Key: key.Text(), Has: true}
	}
	r.config = m.resource(r.mode, r.Type, r.Name)
	r.Provider = r.config.Get("provider_config_key").Text()
	if r.Provider == "" {
		name := v.Get("provider_name").Text()
		r.Provider = name[strings.LastIndexByte(name, '/')+1:]
	}
	r.Provider = r.Provider[strings.LastIndexByte(r.Provider, ':')+1:]
	r.Origin = m.doc.origin(r)
	r.Block = Block{r: r, value: v.Get("values"), unknown: unknown, config: r.config.Get("expressions")}
	return r
}

// ProviderValue returns an argument of the resource's provider that is written
// as a constant or is a variable of the root module.
func (r *Resource) ProviderValue(attr string) string {
	x := r.module.providers.Get(r.Provider, "expressions", attr)
	if s := x.Get("constant_value").Text(); s != "" {
		return s
	}
	for _, ref := range longest(x.Get("references").Texts()) {
		if ref.parts[0].name == "var" && len(ref.parts) == 2 {
			if s := r.module.doc.root.Get("variables", ref.parts[1].name, "value").Text(); s != "" {
				return s
			}
		}
	}
	return ""
}

// ModulePath returns the module that the resource is in, empty for the root.
func (r *Resource) ModulePath() string { return r.module.path }

// Is reports whether the resource is of one of the types.
func (r *Resource) Is(types ...string) bool {
	for _, t := range types {
		if r.Type == t {
			return true
		}
	}
	return false
}

// Block is the body of a resource, or a block in it.
type Block struct {
	r       *Resource
	value   Value
	unknown Value // same shape, true where a value is only known once applied
	config  Value // expressions; zero in states and for what dynamic blocks made
}

// Resource returns the resource that the block is in.
func (b Block) Resource() *Resource { return b.r }

// Values returns all the values of the block.
func (b Block) Values() Value { return b.value }

// Get returns a value, None when it is not set or only known once applied.
func (b Block) Get(path ...string) Value { return b.value.Get(path...) }

// Text, True, Int and Texts return a value that is known, else nothing.

// Text returns a string.
func (b Block) Text(name string) string { return b.value.Get(name).Text() }

// True reports whether a truth value is true.
func (b Block) True(name string) bool { return b.value.Get(name).True() }

// Int returns a whole number, 0 when there is none.
func (b Block) Int(name string) int {
	n, _ := b.value.Get(name).Int()
	return n
}

// Texts returns the strings of a list.
func (b Block) Texts(name string) []string { return b.value.Get(name).Texts() }

// ASN returns an AS number, 0 when there is none.
func (b Block) ASN(names ...string) vocab.ASN {
	for _, name := range names {
		if a, err := vocab.ParseASN(b.Text(name)); err == nil {
			return a
		}
	}
	return 0
}

// Addr returns an address, zero when there is none.
func (b Block) Addr(name string) netip.Addr {
	a, err := netip.ParseAddr(b.Text(name))
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// Prefixes returns the prefixes of a value, one or a list, and the texts in it
// that are none.
func (b Block) Prefixes(name string) (list []netip.Prefix, rest []string) {
	for _, s := range b.Texts(name) {
		if p, ok := Prefix(s); ok {
			list = append(list, p)
			continue
		}
		rest = append(rest, s)
	}
	return list, rest
}

// Unknown reports whether the configuration sets an attribute to what is only
// known once applied. What the configuration leaves to the provider is as good
// as not set.
func (b Block) Unknown(name string) bool {
	return b.unknown.Get(name).any() && b.configured(name)
}

// configured reports whether the configuration has an expression for the
// attribute, or may have: in dynamic blocks that cannot be seen.
func (b Block) configured(name string) bool {
	return b.config.Kind() != Object || b.config.Get(name).Has()
}

// Set reports whether an attribute has a value, known or not.
func (b Block) Set(name string) bool {
	v := b.value.Get(name)
	return b.Unknown(name) || v.Has() && !(v.Kind() == Text && v.Text() == "") && !(v.Kind() == Array && len(v.Items()) == 0)
}

// Blocks returns the nested blocks of a name.
func (b Block) Blocks(name string) []Block {
	var out []Block
	unknown, config := b.unknown.Get(name), b.config.Get(name)
	items := b.value.Get(name).Items()
	for i, v := range items {
		if v.Kind() != Object {
			continue
		}
		n := Block{r: b.r, value: v, unknown: unknown, config: config}
		if unknown.Kind() == Array {
			n.unknown = unknown.At(i)
		}
		switch {
		case config.Kind() == Array && len(config.Items()) == len(items):
			n.config = config.At(i)
		case config.Kind() == Array:
			n.config = Value{} // a set, or blocks beside dynamic ones: which is whose is not said
		case config.Has() && config.Get("references").Has():
			n.config = Value{}
		}
		out = append(out, n)
	}
	return out
}

// First returns the first block of a name, an empty one when there is none.
func (b Block) First(name string) Block {
	if list := b.Blocks(name); len(list) > 0 {
		return list[0]
	}
	return Block{r: b.r}
}
