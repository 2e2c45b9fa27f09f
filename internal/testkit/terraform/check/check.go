// Package check finds what Terraform and its providers would refuse in rendered configurations, without running them.
//
// Check takes a file system with *.tf files and gives problems with their place. It parses and evaluates every
// expression with HCL's own evaluator, where a resource's results are unknown values of their schema's type, and checks
// resources, data sources and provider blocks against the schema copies, and literal values against a table of what the
// real providers refuse. It does not plan: what only shows in a plan is left to the runner of the parent package.
package check

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// Problem is one thing that would be refused.
type Problem struct {
	File string // relative to the checked file system
	Line int    // from 1
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Check checks every directory that holds *.tf files as a module of its own and returns all problems, sorted by place.
func Check(fsys fs.FS) ([]Problem, error) {
	dirs := map[string][]string{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".tf" {
			dirs[path.Dir(name)] = append(dirs[path.Dir(name)], name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c := &checker{fsys: fsys, dirs: dirs, providers: map[string]*schema.Provider{}, functions: functions(), found: map[Problem]bool{}}
	for _, dir := range sortedKeys(dirs) {
		if err := c.checkModule(dir, dirs[dir]); err != nil {
			return nil, err
		}
	}
	problems := make([]Problem, 0, len(c.found))
	for p := range c.found {
		problems = append(problems, p)
	}
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return problems, nil
}

// checker is what the modules of one Check share.
type checker struct {
	fsys      fs.FS
	dirs      map[string][]string
	providers map[string]*schema.Provider // by type name, nil when there is no copy
	functions map[string]function.Function
	found     map[Problem]bool // a set: the instances of one resource repeat their problems
}

func (c *checker) problem(r hcl.Range, format string, args ...any) {
	c.found[Problem{File: r.Filename, Line: r.Start.Line, Text: fmt.Sprintf(format, args...)}] = true
}

func (c *checker) diagnostics(diags hcl.Diagnostics, fallback hcl.Range) {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		r := fallback
		if d.Subject != nil {
			r = *d.Subject
		}
		c.problem(r, "%s: %s", d.Summary, d.Detail)
	}
}

// provider returns the schema copy of a provider, or nil when there is none.
func (c *checker) provider(typeName string) *schema.Provider {
	if p, ok := c.providers[typeName]; ok {
		return p
	}
	p, err := schema.Load(typeName)
	if err != nil {
		p = nil
	}
	c.providers[typeName] = p
	return p
}

func (c *checker) checkModule(dir string, files []string) error {
	slices.Sort(files)
	var blocks hclsyntax.Blocks
	for _, name := range files {
		src, err := fs.ReadFile(c.fsys, name)
		if err != nil {
			return err
		}
		f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
		c.diagnostics(diags, hcl.Range{Filename: name, Start: hcl.InitialPos})
		if diags.HasErrors() {
			continue
		}
		c.checkFormat(name, src)
		body := f.Body.(*hclsyntax.Body)
		for _, attr := range sortedKeys(body.Attributes) {
			c.problem(body.Attributes[attr].NameRange, "argument %q outside of a block", attr)
		}
		blocks = append(blocks, body.Blocks...)
	}
	m := newModule(c, dir)
	m.declare(blocks)
	m.check(blocks)
	return nil
}

// checkFormat finds the first line that `terraform fmt` would change.
func (c *checker) checkFormat(name string, src []byte) {
	formatted := hclwrite.Format(src)
	if bytes.Equal(src, formatted) {
		return
	}
	want := strings.Split(string(formatted), "\n")
	for i, line := range strings.Split(string(src), "\n") {
		if i >= len(want) || line != want[i] {
			c.problem(hcl.Range{Filename: name, Start: hcl.Pos{Line: i + 1}}, "not formatted as terraform fmt does")
			return
		}
	}
}
