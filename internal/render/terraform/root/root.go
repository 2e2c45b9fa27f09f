package root

import (
	"path"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/vocab"
)

// Root is one root module: a directory of files that Terraform applies as one.
type Root struct {
	Set  *Set
	Dir  string // relative to the output, slash-separated; empty for the output itself
	Name string // of the site, "links", or "network" when all is in one root

	site      fabric.SiteID // empty unless the root is one site's
	files     map[string]*hcl.Body
	providers map[fabric.AccountID]bool
	remotes   map[fabric.SiteID]bool // roots whose outputs this one reads
	outputs   map[string]Output
	variables map[string]Variable
	once      map[string]bool
	chains    map[string]hcl.Expr // the last resource of each
	moves     []Move
	tags      bool
	labels    bool
}

// Output is a value that a root gives to people and to other roots.
type Output struct {
	Name        string
	Description string
	Value       hcl.Expr
}

// Variable is a value that a root asks for.
type Variable struct {
	Name        string
	Type        hcl.Expr
	Default     hcl.Expr // empty when one must be given
	Description string
	Sensitive   bool
}

// Move says that a resource's address changed without the thing having changed.
type Move struct{ From, To string }

func newRoot(s *Set, dir, name string) *Root {
	return &Root{
		Set: s, Dir: dir, Name: name,
		files:     map[string]*hcl.Body{},
		providers: map[fabric.AccountID]bool{},
		remotes:   map[fabric.SiteID]bool{},
		outputs:   map[string]Output{},
		variables: map[string]Variable{},
		once:      map[string]bool{},
		chains:    map[string]hcl.Expr{},
	}
}

// IsSite reports whether the root is one site's.
func (r *Root) IsSite() bool { return r.site != "" }

// Has reports whether anything is written in a file.
func (r *Root) Has(name string) bool { return r.files[name] != nil && r.files[name].Len() > 0 }

// File returns a file of the root to write on, made when first asked for.
func (r *Root) File(name string) *hcl.Body {
	b := r.files[name]
	if b == nil {
		b = &hcl.Body{}
		r.files[name] = b
	}
	return b
}

// SiteFile returns the file of a topic of a site: network, gateway, rules, logs.
func (r *Root) SiteFile(id fabric.SiteID, topic string) *hcl.Body {
	if r.site == id {
		return r.File(topic + ".tf")
	}
	return r.File(string(id) + "-" + topic + ".tf")
}

// LinkFile returns the file of a link.
func (r *Root) LinkFile(id fabric.LinkID) *hcl.Body { return r.File("link-" + string(id) + ".tf") }

// Files returns the names of all files, sorted.
func (r *Root) Files() []string { return sortedKeys(r.files) }

// Head writes the comment that leads from a block to its line in the spec,
// after a blank line unless the file is empty.
func (r *Root) Head(b *hcl.Body, o fabric.Origin) {
	r.space(b)
	if o.Pos.Line == 0 {
		if o.Path != "" {
			b.Comment(o.Path)
		}
		return
	}
	text := path.Base(o.Pos.File) + ":" + strconv.Itoa(o.Pos.Line)
	if o.Path != "" {
		text += ": " + o.Path
	}
	b.Comment(text)
}

func (r *Root) space(b *hcl.Body) {
	if b.Len() > 0 {
		b.Blank()
	}
}

// Resource opens a resource for the object of an id, led by its comment, and
// records the move when the object was renamed. The caller ends the block.
func (r *Root) Resource(b *hcl.Body, o fabric.Origin, kind, id string) {
	r.ResourceWas(b, o, kind, id, names.Former(r.Set.Network, id))
}

// ResourceWas is [Root.Resource] for what is named after two objects, so that
// its former id is the caller's to say.
func (r *Root) ResourceWas(b *hcl.Body, o fabric.Origin, kind, id, former string) {
	r.Head(b, o)
	label := names.Label(id)
	b.Block("resource", kind, label)
	if former != id {
		r.move(kind+"."+names.Label(former), kind+"."+label)
	}
}

// Key is a key of a for_each map today and before renames.
type Key struct{ New, Old string }

// ResourceKeys records the moves of a resource's instances whose keys changed.
func (r *Root) ResourceKeys(kind, id string, keys ...Key) {
	for _, k := range keys {
		if k.Old != k.New {
			address := hcl.Expr(kind + "." + names.Label(id))
			r.move(string(hcl.Index(address, k.Old)), string(hcl.Index(address, k.New)))
		}
	}
}

func (r *Root) move(from, to string) { r.moves = append(r.moves, Move{From: from, To: to}) }

// Moves returns all moves in the order they were recorded.
func (r *Root) Moves() []Move { return r.moves }

// Locals writes a block of local values.
func (r *Root) Locals(b *hcl.Body, items ...hcl.Item) {
	r.space(b)
	b.Block("locals")
	for _, it := range items {
		b.Attr(it.Key, it.Value)
	}
	b.End()
}

// Once reports whether it is asked for a key for the first time in this root.
func (r *Root) Once(key string) bool {
	if r.once[key] {
		return false
	}
	r.once[key] = true
	return true
}

// Chain puts a resource of this root at the end of a chain of what a cloud
// makes one after the other, and returns the resource before it, if any.
func (r *Root) Chain(key string, resource hcl.Expr) (hcl.Expr, bool) {
	before, ok := r.chains[key]
	r.chains[key] = resource
	return before, ok
}

// Provider returns the provider configuration of an account: aws.prod.
func (r *Root) Provider(id fabric.AccountID) hcl.Expr {
	r.providers[id] = true
	return hcl.Expr(ProviderName(r.Set.accountClouds[id]) + "." + names.Label(string(id)))
}

// Providers returns the accounts whose providers the root uses, sorted.
func (r *Root) Providers() []fabric.AccountID { return sortedKeys(r.providers) }

// ProviderName returns the local name of a cloud's provider.
func ProviderName(c vocab.Cloud) string {
	switch c {
	case vocab.AWS:
		return "aws"
	case vocab.GCP:
		return "google"
	case vocab.Azure:
		return "azurerm"
	case vocab.OnPrem, vocab.Exchange:
	}
	panic("root: no provider for " + c.String())
}

// Ref spells a reference as seen from this root. Where another root holds the
// resource, that root gets an output of it and this one reads its state.
func (r *Root) Ref(ref names.Ref) hcl.Expr {
	home := r.Set.links
	if ref.Home != "" {
		home = r.Set.sites[ref.Home]
	}
	if ref.Literal || home == r {
		return hcl.Expr(ref.Expr)
	}
	if _, ok := home.outputs[ref.Output]; !ok {
		home.outputs[ref.Output] = Output{Name: ref.Output, Description: "For other roots.", Value: hcl.Expr(ref.Expr)}
	}
	r.remotes[ref.Home] = true
	return hcl.Expr("data.terraform_remote_state." + names.Label(string(ref.Home)) + ".outputs." + ref.Output)
}

// Holds reports whether a site's resources are in this root.
func (r *Root) Holds(id fabric.SiteID) bool { return r.Set.sites[id] == r }

// Remotes returns the sites whose states the root reads, sorted.
func (r *Root) Remotes() []fabric.SiteID { return sortedKeys(r.remotes) }

// Output adds an output.
func (r *Root) Output(name, description string, value hcl.Expr) {
	r.outputs[name] = Output{Name: name, Description: description, Value: value}
}

// Outputs returns all outputs, sorted by name.
func (r *Root) Outputs() []Output {
	out := make([]Output, 0, len(r.outputs))
	for _, name := range sortedKeys(r.outputs) {
		out = append(out, r.outputs[name])
	}
	return out
}

// Variable adds a variable; without a default one must be given.
func (r *Root) Variable(name string, kind, def hcl.Expr, description string, sensitive bool) {
	r.variables[name] = Variable{Name: name, Type: kind, Default: def, Description: description, Sensitive: sensitive}
}

// Variables returns all variables, sorted by name.
func (r *Root) Variables() []Variable {
	out := make([]Variable, 0, len(r.variables))
	for _, name := range sortedKeys(r.variables) {
		out = append(out, r.variables[name])
	}
	return out
}
