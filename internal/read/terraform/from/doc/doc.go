// Package doc holds what `terraform show -json` says of a plan or a state: the
// resources with their places, their values and what of these is only known
// once applied, and which resource each attribute refers to.
//
// It decodes by hand, into values that keep their place in the file: the
// package terraform-json gives no places, decodes attributes into untyped maps
// and refuses whole files for fields that no reader of networks needs. It knows
// the format (https://developer.hashicorp.com/terraform/internals/json-format),
// no resource type and no cloud.
package doc

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// FileKind says what a file describes.
type FileKind uint8

// The kinds of file.
const (
	Plan  FileKind = iota + 1 // what is to be, with values known only once applied
	State                     // what is
)

// String gives the kind's name.
func (k FileKind) String() string {
	switch k {
	case Plan:
		return "plan"
	case State:
		return "state"
	}
	return "file?"
}

// Document is one file.
type Document struct {
	Name      string
	Kind      FileKind
	Format    string      // format_version: 1.2
	Version   string      // of the Terraform that wrote it
	Resources []*Resource // managed ones that exist once applied, in the file's order

	data    []byte
	root    Value
	byAddr  map[string]*Resource
	byType  map[string][]*Resource
	byID    map[string][]*Resource
	byName  map[resourceName][]*Resource
	modules []string    // paths of all instances
	reads   []*Resource // data sources
	lines   lineIndex
	matched int
	steps   int // of the expression that is being traced
}

const hint = "terraform show -json tfplan > plan.json (or, for what exists, terraform show -json > state.json)"

// Parse reads a file. Its diagnostics are errors, and then there is no
// document, or warnings.
func Parse(name string, data []byte) (*Document, diag.List) {
	var diags diag.List
	at := func(offset int) diag.Pos {
		line, col := place(data, offset)
		return diag.Pos{File: name, Line: line, Col: col}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if what := foreign(data); what != "" {
		diags.Errorf(diag.Pos{File: name, Line: 1, Col: 1}, "%s", what).Hint = hint
		return nil, diags
	}
	root, err := parseValue(data)
	if err != nil {
		var p *placedError
		errors.As(err, &p)
		switch {
		case errors.Is(p.err, io.EOF), errors.Is(p.err, io.ErrUnexpectedEOF):
			diags.Errorf(at(len(data)), "the JSON ends in the middle of a value: the file is truncated").Hint = hint
		default:
			diags.Errorf(at(int(p.offset)), "no JSON: %s", strings.TrimPrefix(p.err.Error(), "json: ")).Hint = hint
		}
		return nil, diags
	}
	d := &Document{
		Name: name, data: data, root: root, lines: newLineIndex(data), byAddr: map[string]*Resource{},
		byType: map[string][]*Resource{}, byID: map[string][]*Resource{}, byName: map[resourceName][]*Resource{},
		Format: root.Get("format_version").Text(), Version: root.Get("terraform_version").Text(),
	}
	if d.checkKind(&diags); diags.HasErrors() {
		return nil, diags
	}
	d.load()
	return d, diags
}

// foreign says what a file is when it is clearly no output of show -json.
func foreign(data []byte) string {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return "the file is empty"
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return "this is a plan as Terraform saves it, not its JSON"
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return "the file is in UTF-16, as PowerShell's > writes it; JSON is in UTF-8"
	case text[0] != '{' && text[0] != '[':
		for _, word := range []string{"resource ", "module ", "variable ", "provider ", "terraform ", "terraform{", "locals ", "data ", "output ", "#", "//", "/*"} {
			if bytes.HasPrefix(text, []byte(word)) {
				return "this is Terraform configuration (HCL), not the JSON of a plan or state"
			}
		}
		if bytes.HasPrefix(text, []byte("Terraform ")) || bytes.HasPrefix(text, []byte("OpenTofu ")) || bytes.HasPrefix(text, []byte("\x1b[")) {
			return "this is a plan as people read it, not its JSON"
		}
	case bytes.HasPrefix(text, []byte(`{"@level"`)):
		return "this is the log that terraform plan -json prints, not the JSON of a plan"
	}
	return ""
}

func (d *Document) checkKind(diags *diag.List) {
	pos := d.pos(d.root)
	refuse := func(v Value, format string, args ...any) {
		if v.Has() {
			pos = d.pos(v)
		}
		diags.Errorf(pos, format, args...).Hint = hint
	}
	r := d.root
	switch {
	case r.kind != Object:
		refuse(r, "the JSON is no object, so it is neither a plan nor a state")
		return
	case r.Get("lineage").Has() && r.Get("serial").Has():
		refuse(r, "this is a state file as Terraform keeps it, not the JSON of a state")
		(*diags)[len(*diags)-1].Hint = "terraform show -json terraform.tfstate > state.json"
		return
	case r.Get("provider_schemas").Has():
		refuse(r, "these are the schemas of providers, neither a plan nor a state")
		return
	case d.Format == "":
		refuse(r, "the JSON has no format_version, so it is neither a plan nor a state of Terraform")
		return
	}
	if major, _, _ := strings.Cut(d.Format, "."); major != "0" && major != "1" {
		refuse(r.Get("format_version"), "format_version is %q; 0.x and 1.x are understood", d.Format)
		return
	}
	switch {
	case r.Get("planned_values").Has(), r.Get("resource_changes").Has():
		d.Kind = Plan
		if r.Get("errored").True() {
			refuse(r.Get("errored"), "the plan ended with an error, so it does not hold all that would be there")
		}
		if c := r.Get("complete"); c.kind == Bool && !c.True() {
			diags.Warnf(d.pos(c), "the plan is not complete: some of it was put off to a later one")
		}
	case r.Get("values").Has():
		d.Kind = State
	default:
		refuse(r, "the file holds neither planned_values of a plan nor values of a state: nothing exists there")
	}
}

// load gathers the resources.
func (d *Document) load() {
	unknown := map[string]Value{}
	for _, c := range d.root.Get("resource_changes").Items() {
		unknown[c.Get("address").Text()] = c.Get("change", "after_unknown")
	}
	config := d.root.Get("configuration")
	scope := &module{doc: d, config: config.Get("root_module"), providers: config.Get("provider_config")}
	if d.Kind == Plan {
		d.loadModule(scope, d.root.Get("planned_values", "root_module"), unknown)
		d.loadModule(&module{doc: d, prior: true}, d.root.Get("prior_state", "values", "root_module"), nil)
	} else {
		d.loadModule(scope, d.root.Get("values", "root_module"), nil)
	}
}

func (d *Document) loadModule(m *module, v Value, unknown map[string]Value) {
	for _, r := range v.Get("resources").Items() {
		d.add(newResource(m, r, unknown[r.Get("address").Text()]))
	}
	for _, c := range v.Get("child_modules").Items() {
		if !m.prior {
			d.modules = append(d.modules, c.Get("address").Text())
		}
		d.loadModule(m.child(c.Get("address").Text()), c, unknown)
	}
}

func (d *Document) add(r *Resource) {
	switch {
	case r.Address == "" || d.byAddr[r.Address] != nil:
		return
	case r.mode == "data":
		d.reads = append(d.reads, r)
	case r.module.prior:
		return // what is left of the prior state is among the planned
	default:
		d.Resources = append(d.Resources, r)
		d.byType[r.Type] = append(d.byType[r.Type], r)
		n := resourceName{r.module.path, r.Type, r.Name}
		d.byName[n] = append(d.byName[n], r)
	}
	d.byAddr[r.Address] = r
	for _, attr := range []string{"id", "self_link", "arn"} {
		if s := Canonical(r.Values().Get(attr).Text()); s != "" {
			d.byID[s] = append(d.byID[s], r)
		}
	}
}

// Of returns the resources of a type in the file's order.
func (d *Document) Of(types ...string) []*Resource {
	var out []*Resource
	for _, t := range types {
		out = append(out, d.byType[t]...)
	}
	return out
}

// Matched counts the references that were told by the instance having the same
// key, see [Block.indexed].
func (d *Document) Matched() int { return d.matched }

// Canonical returns the form of an id by which ids are compared: the API hosts
// of Google are left out, and Azure's ids are in lower case, as Azure takes any.
func Canonical(id string) string {
	for _, host := range []string{"https://www.googleapis.com/compute/v1/", "https://compute.googleapis.com/compute/v1/", "https://www.googleapis.com/compute/beta/", "//compute.googleapis.com/"} {
		id = strings.TrimPrefix(id, host)
	}
	if strings.HasPrefix(strings.ToLower(id), "/subscriptions/") {
		return strings.ToLower(id)
	}
	return id
}

func (d *Document) pos(v Value) diag.Pos {
	line, col := d.lines.at(d.data, v.offset)
	return diag.Pos{File: d.Name, Line: line, Col: col}
}

// origin says where a resource is: its place in the file and its address.
func (d *Document) origin(r *Resource) fabric.Origin {
	return fabric.Origin{Pos: d.pos(r.value), Path: r.Address}
}

// lineIndex holds the offset of each line's first byte.
type lineIndex []int

func newLineIndex(data []byte) lineIndex {
	index := lineIndex{0}
	for i, c := range data {
		if c == '\n' {
			index = append(index, i+1)
		}
	}
	return index
}

// at returns the line and column of an offset. Columns of files of one line
// are counted in bytes: such files have millions of them.
func (x lineIndex) at(data []byte, offset int) (line, col int) {
	i, found := slices.BinarySearch(x, offset)
	if !found {
		i--
	}
	return i + 1, offset - x[i] + 1
}
