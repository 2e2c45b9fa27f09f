package doc

import (
	"strings"
)

// module is one instance of a module with its configuration, which states do
// not have.
type module struct {
	doc       *Document
	path      string // module.network["a"], empty for the root
	key       Index
	config    Value // root_module of the configuration, or module of a call
	call      Value // the call of it, in the parent
	parent    *module
	providers Value
	prior     bool // of a plan's prior state
}

// child returns an instance of a module called by m.
func (m *module) child(path string) *module {
	own := strings.TrimPrefix(strings.TrimPrefix(path, m.path), ".")
	name, key := splitIndex(strings.TrimPrefix(own, "module."))
	call := m.config.Get("module_calls", name)
	return &module{doc: m.doc, path: path, key: key, config: call.Get("module"), call: call, parent: m, providers: m.providers, prior: m.prior}
}

// resource returns the configuration of a resource, zero in states.
func (m *module) resource(mode, typ, name string) Value {
	for _, r := range m.config.Get("resources").Items() {
		if r.Get("type").Text() == typ && r.Get("name").Text() == name && (r.Get("mode").Text() == mode || mode == "") {
			return r
		}
	}
	return Value{}
}

// Index is the key of an instance of a count or for_each: [0], ["a"].
type Index struct {
	Key string // 0, a
	Has bool
}

// splitIndex cuts an instance's key off a name.
func splitIndex(s string) (string, Index) {
	i := strings.IndexByte(s, '[')
	if i < 0 || !strings.HasSuffix(s, "]") {
		return s, Index{}
	}
	return s[:i], Index{Key: unquote(s[i+1 : len(s)-1]), Has: true}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
	}
	return s
}

// ref is one traversal of an expression: aws_subnet.a["x"].id.
type ref struct {
	parts []part
}

// part is a name with the key after it, if any.
type part struct {
	name string
	key  Index
}

// parseRef reads a reference as configuration.expressions has it.
func parseRef(s string) ref {
	var r ref
	for s != "" {
		s = strings.TrimPrefix(s, ".")
		end := strings.IndexAny(s, ".[")
		if end < 0 {
			end = len(s)
		}
		p := part{name: s[:end]}
		s = s[end:]
		for strings.HasPrefix(s, "[") {
			stop := closing(s)
			if stop < 1 {
				s = ""
				break
			}
			if !p.key.Has {
				p.key = Index{Key: unquote(s[1:stop]), Has: true}
			}
			s = s[min(stop+1, len(s)):]
		}
		if p.name == "" {
			break
		}
		r.parts = append(r.parts, p)
	}
	return r
}

// closing returns the index of the bracket that closes the first one, or the
// last byte.
func closing(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return i
		}
	}
	return len(s) - 1
}

// longest leaves out the references that are the beginning of the one before:
// Terraform lists a traversal and then each shorter form of it.
func longest(list []string) []ref {
	var out []ref
	last := ""
	for _, s := range list {
		if last != "" && strings.HasPrefix(last, s) && (len(last) == len(s) || last[len(s)] == '.' || last[len(s)] == '[') {
			continue
		}
		last = s
		if r := parseRef(s); len(r.parts) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// target is a resource that an expression reads, and what of it.
type target struct {
	r    *Resource
	attr string // vpn_interfaces[0].ip_address, without keys of the resource
}

// found is what an expression's references come to.
type found struct {
	targets []target
	keyed   bool // it reads each.key, each.value or count.index too
	opaque  bool // it reads a local, whose expression is not in the file
}

const (
	maxHops  = 20     // of variables and outputs that hand a value on
	maxSteps = 10_000 // of all that one expression leads to
)

// trace resolves the references of an expression of r, afresh.
func (r *Resource) trace(expr Value) found {
	r.module.doc.steps = 0
	return r.module.follow(expr, r, 0)
}

// follow resolves the references of an expression in a module, read by r (whose
// each.value it may use).
func (m *module) follow(expr Value, r *Resource, hops int) found {
	var out found
	if hops > maxHops || m == nil {
		out.opaque = true
		return out
	}
	if m.doc.steps++; m.doc.steps > maxSteps {
		out.opaque = true
		return out
	}
	for _, x := range longest(expr.Get("references").Texts()) {
		out.join(m.followRef(x, r, hops))
	}
	return out
}

func (f *found) join(o found) {
	f.targets = append(f.targets, o.targets...)
	f.keyed, f.opaque = f.keyed || o.keyed, f.opaque || o.opaque
}

func (m *module) followRef(x ref, r *Resource, hops int) found {
	first := x.parts[0].name
	switch {
	case first == "each" && len(x.parts) > 1 && x.parts[1].name == "value" && r != nil:
		f := m.follow(r.config.Get("for_each_expression"), nil, hops+1)
		f.keyed = true
		return f
	case first == "each", first == "count":
		return found{keyed: true}
	case first == "local":
		return found{opaque: true}
	case first == "path", first == "terraform", first == "self":
		return found{}
	case len(x.parts) < 2:
		return found{opaque: true}
	case first == "var":
		if m.parent == nil {
			return found{}
		}
		f := m.parent.follow(m.call.Get("expressions", x.parts[1].name), nil, hops+1)
		f.keyed = false // the caller's key is the module's, not the resource's
		return f
	case first == "module":
		return m.followOutput(x, hops)
	case first == "data":
		return found{}
	}
	return m.followResource(x)
}

// followOutput resolves module.name.output in the instances of the module.
func (m *module) followOutput(x ref, hops int) found {
	name, key := x.parts[1].name, x.parts[1].key
	if len(x.parts) < 3 {
		return found{opaque: true}
	}
	var out found
	for _, path := range m.doc.instancesOf(m, name, key) {
		c := m.child(path)
		out.join(c.follow(c.config.Get("outputs", x.parts[2].name, "expression"), nil, hops+1))
	}
	if !key.Has && len(m.doc.instancesOf(m, name, key)) > 1 {
		out.keyed = true
	}
	// An index of an output is one of the list that the output makes.
	if own := x.parts[2].key; own.Has && len(x.parts) == 3 {
		var picked []target
		for _, t := range out.targets {
			if t.r.Index == own {
				picked = append(picked, t)
			}
		}
		if len(picked) == 1 {
			out.targets = picked
		}
	}
	return out
}

// instancesOf lists the instances of a module called in m, in the file's order.
func (d *Document) instancesOf(m *module, name string, key Index) []string {
	var out []string
	prefix := "module." + name
	if m.path != "" {
		prefix = m.path + "." + prefix
	}
	for _, path := range d.modules {
		rest, ok := strings.CutPrefix(path, prefix)
		if !ok || rest != "" && (rest[0] != '[' || closing(rest) != len(rest)-1) {
			continue
		}
		if _, k := splitIndex("x" + rest); !key.Has || k == key {
			out = append(out, path)
		}
	}
	return out
}

// followResource resolves type.name[key].attr in the module.
func (m *module) followResource(x ref) found {
	var out found
	for _, r := range m.doc.byName[resourceName{m.path, x.parts[0].name, x.parts[1].name}] {
		if key := x.parts[1].key; key.Has && r.Index != key {
			continue
		}
		out.targets = append(out.targets, target{r, attrOf(x.parts[2:])})
	}
	return out
}

func attrOf(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("." + p.name)
		if p.key.Has {
			b.WriteString("[" + p.key.Key + "]")
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

type resourceName struct{ module, typ, name string }
