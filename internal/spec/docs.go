package spec

import (
	_ "embed"
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Example is a spec with every common key; the documentation shows it.
//
//go:embed example.yaml
var Example string

const docsIntro = `# The spec

One file states the network: its sites, how they are joined, what may talk to what, and the traffic that is expected.
Everything else is derived from it, and ` + "`tieline why`" + ` says how. This page is generated from the code;
` + "`tieline schema`" + ` prints the same grammar as a JSON Schema, which editors complete from
(with the YAML language server, put ` + "`# yaml-language-server: $schema=schema.json`" + ` on the first line).

A spec is YAML: one file, or a folder whose ` + "`*.yaml`" + ` and ` + "`*.yml`" + ` files are read as one (` + "`network.yaml`" + ` first;
` + "`*.test.yaml`, which has [assertions](tests.md)," + ` and the files named by ` + "`facts`" + ` are not part of it). ` + "`include`" + ` adds files from elsewhere.
Mappings and lists of the files are united; the same name in two files is an error. Anchors, aliases and merge keys (` + "`<<`" + `) work;
there are no templates. Mistakes are reported all at once, as ` + "`file:line:column: error: …`" + ` with a hint.

What is stated wins over what is derived: a CIDR, an AS number, an inside prefix, a gateway kind or SKU, a zone may be pinned;
a pinned value that breaks a cloud's rule is an error that names the rule and its source.

Names (of sites, networks, subnets, segments and accounts) are lower-case letters, digits and hyphens, start with a letter,
do not end in a hyphen and have at most 40 characters; ` + "`internet`" + ` is taken. A segment and a site may not have the same name.

## An example

` + "```yaml\n"

const docsRefs = "```" + `

## What things are called

Policy, traffic and the command line name ends of traffic in one grammar.

| written | means | for example |
| --- | --- | --- |
| ` + "`segment`" + ` | every subnet of the segment, at every site | ` + "`training`" + ` |
| ` + "`site`" + ` | all of the site: its subnets and existing networks, or the CIDRs of an on-prem site | ` + "`aws-oregon`" + ` |
| ` + "`site:segment`" + ` | the segment's subnets at one site | ` + "`aws-oregon:data`" + ` |
| ` + "`site/network/subnet`" + ` | one subnet | ` + "`aws-oregon/ml/training`" + ` |
| ` + "`site/network`" + ` | all subnets of a network | ` + "`aws-oregon/ml`" + ` |
| ` + "`site/subnet`, `network/subnet`, `network`, `subnet`" + ` | parts may be left out while one thing is meant; a segment or site of that name goes first | ` + "`aws-oregon/training`" + ` |
| a CIDR or an address | those addresses | ` + "`10.1.0.0/16`" + ` |
| ` + "`internet`" + ` | every address outside the network | ` + "`internet`" + ` |

`

// Markdown returns the reference of the grammar, docs/spec.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(docsIntro)
	b.WriteString(Example)
	b.WriteString(docsRefs)
	b.WriteString("## The file\n\n")
	top := grammar()
	writeKeys(&b, top)
	w := docsWriter{out: &b, done: map[*shape]bool{}}
	w.sections(top, "")
	return b.String()
}

type docsWriter struct {
	out  *strings.Builder
	done map[*shape]bool
}

// sections writes a section for each shape below sh, at the path in the file.
func (w *docsWriter) sections(sh *shape, path string) {
	for i := range sh.fields {
		f := &sh.fields[i]
		if f.elem == nil || w.done[f.elem] || f.elem.value >= 0 {
			continue
		}
		w.done[f.elem] = true
		at := path + f.key
		switch f.kind {
		case kindMap:
			at += ".NAME"
		case kindList:
			at += "[]"
		}
		fmt.Fprintf(w.out, "## %s\n\n`%s`: %s\n\n", heading(f.elem), at, lower(f.doc))
		if f.later != "" {
			fmt.Fprintf(w.out, "Not supported yet: %s. The keys are reserved.\n\n", f.later)
		}
		writeKeys(w.out, f.elem)
		w.sections(f.elem, at+".")
	}
}

func heading(sh *shape) string { return sh.typ.Name() }

// lower keeps acronyms: "AWS accounts", but "the sites".
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func writeKeys(b *strings.Builder, sh *shape) {
	b.WriteString("| key | value | default | what it is |\n| --- | --- | --- | --- |\n")
	for i := range sh.fields {
		f := &sh.fields[i]
		key := "`" + f.key + "`"
		if f.required {
			key += " (required)"
		}
		doc := f.doc
		if f.example != "" {
			doc += " For example `" + f.example + "`."
		}
		if f.later != "" {
			doc += " **Not supported yet:** " + f.later + "."
		}
		def := ""
		if f.def != "" {
			def = "`" + f.def + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", key, cell(form(f)), def, cell(doc))
	}
	b.WriteByte('\n')
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// form says in a table what a key's value is.
func form(f *field) string {
	switch f.kind {
	case kindValue:
		return scalarForm(f)
	case kindValues:
		if f.one {
			return scalarForm(f) + ", or a list"
		}
		return "list of: " + scalarForm(f)
	case kindStruct:
		return link(f.elem)
	case kindList:
		return "list of " + link(f.elem)
	case kindMap:
		if f.elem.value >= 0 {
			return "mapping to: " + scalarForm(&f.elem.fields[f.elem.value])
		}
		return "mapping from names to " + link(f.elem)
	case kindLater:
	}
	return ""
}

func link(sh *shape) string {
	return fmt.Sprintf("[%s](#%s)", heading(sh), strings.ToLower(heading(sh)))
}

func scalarForm(f *field) string {
	if f.enum != nil {
		return "`" + strings.Join(f.enum, "`, `") + "`"
	}
	switch f.scalar {
	case reflect.TypeFor[netip.Prefix]():
		return "CIDR"
	case reflect.TypeFor[netip.Addr]():
		return "IP address"
	case reflect.TypeFor[Ref]():
		return "[reference](#what-things-are-called)"
	case reflect.TypeFor[int]():
		return "number"
	case reflect.TypeFor[vocab.ASN]():
		return "AS number"
	case reflect.TypeFor[vocab.Service]():
		return "protocol/ports"
	}
	form := expected(f)
	return strings.TrimPrefix(strings.TrimPrefix(form, "a "), "an ")
}
