package spec

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/vocab"
)

// schema is one JSON Schema (draft 2020-12), with the keywords used here.
type schema struct {
	Schema        string            `json:"$schema,omitempty"`
	Title         string            `json:"title,omitempty"`
	Description   string            `json:"description,omitempty"`
	Ref           string            `json:"$ref,omitempty"`
	Type          types             `json:"type,omitempty"`
	Enum          []json.RawMessage `json:"enum,omitempty"`
	Pattern       string            `json:"pattern,omitempty"`
	MinLength     int               `json:"minLength,omitempty"`
	Minimum       *int64            `json:"minimum,omitempty"`
	Maximum       *int64            `json:"maximum,omitempty"`
	Items         *schema           `json:"items,omitempty"`
	MinItems      int               `json:"minItems,omitempty"`
	AnyOf         []*schema         `json:"anyOf,omitempty"`
	Not           *schema           `json:"not,omitempty"`
	Properties    properties        `json:"properties,omitempty"`
	Required      []string          `json:"required,omitempty"`
	PropertyNames *schema           `json:"propertyNames,omitempty"`
	MinProperties int               `json:"minProperties,omitempty"`
	Additional    *additional       `json:"additionalProperties,omitempty"`
	Default       json.RawMessage   `json:"default,omitempty"`
	Examples      []json.RawMessage `json:"examples,omitempty"`
	Defs          properties        `json:"$defs,omitempty"`
}

// types is the keyword type: one name, or a list of them.
type types []string

// MarshalJSON gives a string for one type, and a list for more.
func (t types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// property is a named schema; properties keep the order of the grammar.
type property struct {
	name   string
	schema *schema
}

type properties []property

// MarshalJSON gives an object with the properties in their order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(e.name))
		b.WriteByte(':')
		sub, err := marshal(e.schema)
		if err != nil {
			return nil, err
		}
		b.Write(sub)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// additional is the keyword additionalProperties: a schema, or none allowed.
type additional struct{ of *schema }

// MarshalJSON gives false or the schema.
func (a additional) MarshalJSON() ([]byte, error) {
	if a.of == nil {
		return []byte("false"), nil
	}
	return marshal(a.of)
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v *schema) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

const namePattern = "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"

// JSONSchema returns the grammar as a JSON Schema, for editors that complete
// and check a spec as it is written. What takes more than one place to see
// (references, contradictions) it does not check.
func JSONSchema() []byte {
	g := schemaWriter{done: map[*shape]bool{}}
	top := grammar()
	root := g.object(top)
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "tieline network specification"
	root.Defs = g.defs
	compact, err := marshal(root)
	if err != nil {
		panic("spec: the schema does not marshal: " + err.Error())
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		panic("spec: the schema is not JSON: " + err.Error())
	}
	out.WriteByte('\n')
	return out.Bytes()
}

type schemaWriter struct {
	done map[*shape]bool
	defs properties
}

// ref is a reference to the definition of a shape, which it writes once.
func (g *schemaWriter) ref(sh *shape) *schema {
	name := sh.typ.Name()
	if !g.done[sh] {
		g.done[sh] = true
		at := len(g.defs)
		g.defs = append(g.defs, property{name, nil})
		g.defs[at].schema = g.object(sh)
	}
	return &schema{Ref: "#/$defs/" + name}
}

func (g *schemaWriter) object(sh *shape) *schema {
	if sh.value >= 0 {
		return scalarSchema(&sh.fields[sh.value])
	}
	s := &schema{Type: types{"object"}, Additional: &additional{}}
	for i := range sh.fields {
		f := &sh.fields[i]
		s.Properties = append(s.Properties, property{f.key, g.field(f)})
		if f.required {
			s.Required = append(s.Required, f.key)
		}
	}
	if len(s.Required) == 0 {
		s.Type = append(s.Type, "null")
	}
	return s
}

func (g *schemaWriter) field(f *field) *schema {
	if f.later != "" {
		return &schema{Description: "Not supported yet: " + f.later + ". " + f.doc, Not: &schema{}}
	}
	var s *schema
	switch f.kind {
	case kindValue:
		s = scalarSchema(f)
	case kindValues:
		s = listOf(scalarSchema(f), f.required)
		if f.one {
			s = &schema{AnyOf: []*schema{scalarSchema(f), s}}
		}
	case kindStruct:
		s = g.ref(f.elem)
	case kindList:
		s = listOf(g.ref(f.elem), f.required)
	case kindMap:
		s = &schema{Type: types{"object", "null"}, Additional: &additional{g.ref(f.elem)}, PropertyNames: nameSchema(f)}
		if f.required {
			s.Type, s.MinProperties = types{"object"}, 1
		}
	case kindLater:
	}
	s.Description = f.doc
	if f.def != "" {
		s.Default = yamlToJSON(f.def)
	}
	if f.example != "" {
		s.Examples = []json.RawMessage{yamlToJSON(f.example)}
	}
	return s
}

func listOf(item *schema, required bool) *schema {
	if required {
		return &schema{Type: types{"array"}, Items: item, MinItems: 1}
	}
	return &schema{Type: types{"array", "null"}, Items: item}
}

func nameSchema(f *field) *schema {
	switch {
	case f.anyName:
		return nil
	case f.names != nil:
		return &schema{Enum: enumJSON(f.names, true)}
	}
	return &schema{Pattern: namePattern, Not: &schema{Enum: enumJSON([]string{"internet"}, true)}}
}

func enumJSON(values []string, quoted bool) []json.RawMessage {
	var out []json.RawMessage
	for _, v := range values {
		if quoted {
			v = strconv.Quote(v)
		}
		out = append(out, json.RawMessage(v))
	}
	return out
}

// scalarSchema is the schema of one scalar of the field.
func scalarSchema(f *field) *schema {
	one := int64(1)
	if f.enum != nil {
		return &schema{Enum: enumJSON(f.enum, f.scalar != reflect.TypeFor[int]())}
	}
	switch f.scalar {
	case reflect.TypeFor[int]():
		return &schema{Type: types{"integer"}, Minimum: &one}
	case reflect.TypeFor[bool]():
		return &schema{Type: types{"boolean"}}
	case reflect.TypeFor[netip.Prefix]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9a-fA-F:.]+/[0-9]{1,3}$"}
	case reflect.TypeFor[netip.Addr]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9a-fA-F:.]+$"}
	case reflect.TypeFor[PrefixLen]():
		return &schema{Type: types{"string", "integer"}, Pattern: "^/?[0-9]{1,3}$"}
	case reflect.TypeFor[vocab.ASN]():
		most := int64(1<<32 - 1)
		return &schema{Type: types{"integer"}, Minimum: &one, Maximum: &most}
	case reflect.TypeFor[vocab.Rate]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9.]+ *([kKMGT]?bps)$"}
	case reflect.TypeFor[vocab.Volume]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9.]+ *([MGTP]i?)?B$"}
	case reflect.TypeFor[vocab.Service]():
		return &schema{Type: types{"string"}, Pattern: "^(any|icmp|icmpv6|gre|esp|(tcp|udp|sctp)(/[0-9]{1,5}(-[0-9]{1,5})?)?)$"}
	case reflect.TypeFor[Milliseconds]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9.]+ *m?s$"}
	case reflect.TypeFor[RuleCode]():
		return &schema{Type: types{"string"}, Pattern: ruleCode.String()}
	case reflect.TypeFor[Date]():
		return &schema{Type: types{"string"}, Pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
	}
	return &schema{Type: types{"string"}, MinLength: 1}
}

// yamlToJSON turns the YAML of an example or default into JSON. A tag that is
// not YAML is a mistake of this package, which its tests find.
func yamlToJSON(text string) json.RawMessage {
	var doc yaml.Node
	if err := yaml.Load([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		panic("spec: example " + strconv.Quote(text) + " is not YAML")
	}
	var b bytes.Buffer
	nodeJSON(&b, doc.Content[0])
	return b.Bytes()
}

func nodeJSON(b *bytes.Buffer, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			nodeJSON(b, item)
		}
		b.WriteByte(']')
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Quote(n.Content[i].Value) + ":")
			nodeJSON(b, n.Content[i+1])
		}
		b.WriteByte('}')
	default:
		if tag := n.ShortTag(); tag == "!!int" || tag == "!!bool" {
			b.WriteString(n.Value)
			return
		}
		b.WriteString(strconv.Quote(n.Value))
	}
}
