package spec

import (
	"reflect"
	"strings"
)

// kind is the form that a field takes in YAML.
type kind uint8

const (
	kindValue  kind = iota + 1 // a scalar
	kindValues                 // a list of scalars
	kindStruct                 // a mapping with the keys of a shape
	kindList                   // a list of shapes
	kindMap                    // a mapping from names to shapes
	kindLater                  // a mapping that this version refuses
)

// field is one key of the grammar, read from the tags of a struct's field.
type field struct {
	index    int // of the field in its struct
	kind     kind
	key      string
	doc      string
	example  string
	def      string
	later    string
	enum     []string
	soon     []string     // values of the enum that this version refuses
	names    []string     // the names that a kindMap's entries may have
	anyName  bool         // a kindMap's entries may have any name
	one      bool         // a scalar is read as a list of one
	required bool         // must be there
	elem     *shape       // of kindStruct, kindList, kindMap
	scalar   reflect.Type // of kindValue and kindValues: the T of Value[T]
}

// shape is the grammar of one struct.
type shape struct {
	typ    reflect.Type
	noun   string // what one is called in a message: site
	fields []field
	keys   []string
	byKey  map[string]int // key to index in fields
	pos    int            // index of the field Pos, or -1
	name   int            // index of the field Name of a map's entry, or -1
	value  int            // index in fields of the only value of a "name: scalar" entry, or -1
}

// grammar returns the shape of [Spec], and through it of every struct.
func grammar() *shape { return shapeOf(reflect.TypeFor[Spec](), map[reflect.Type]*shape{}) }

func shapeOf(t reflect.Type, done map[reflect.Type]*shape) *shape {
	if s, ok := done[t]; ok {
		return s
	}
	s := &shape{typ: t, noun: nounOf(t), byKey: map[string]int{}, pos: -1, name: -1, value: -1}
	done[t] = s
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("yaml")
		if !ok || tag == "-" {
			switch sf.Name {
			case "Pos":
				s.pos = i
			case "Name":
				s.name = i
			}
			continue
		}
		f := fieldOf(i, sf, tag, done)
		if f.key == "" {
			s.value = len(s.fields)
		} else {
			s.byKey[f.key] = len(s.fields)
			s.keys = append(s.keys, f.key)
		}
		s.fields = append(s.fields, f)
	}
	return s
}

func fieldOf(i int, sf reflect.StructField, tag string, done map[reflect.Type]*shape) field {
	key, opts, _ := strings.Cut(tag, ",")
	f := field{
		index: i, key: key,
		doc: sf.Tag.Get("doc"), example: sf.Tag.Get("example"), def: sf.Tag.Get("default"), later: sf.Tag.Get("later"),
	}
	if e := sf.Tag.Get("soon"); e != "" {
		f.soon = strings.Split(e, "|")
	}
	if e := sf.Tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, "|")
	}
	switch k := sf.Tag.Get("keys"); k {
	case "":
	case "*":
		f.anyName = true
	default:
		f.names = strings.Split(k, "|")
	}
	isMap := false
	for o := range strings.SplitSeq(opts, ",") {
		switch o {
		case "one":
			f.one = true
		case "required":
			f.required = true
		case "map":
			isMap = true
		}
	}
	t := sf.Type
	switch {
	case isValue(t):
		f.kind, f.scalar = kindValue, t.Field(0).Type
	case t == reflect.TypeFor[*Later]():
		f.kind = kindLater
	case t.Kind() == reflect.Slice && isValue(t.Elem()):
		f.kind, f.scalar = kindValues, t.Elem().Field(0).Type
	case t.Kind() == reflect.Slice && isMap:
		f.kind, f.elem = kindMap, shapeOf(t.Elem(), done)
	case t.Kind() == reflect.Slice:
		f.kind, f.elem = kindList, shapeOf(t.Elem(), done)
	default:
		f.kind, f.elem = kindStruct, shapeOf(t, done)
	}
	return f
}

func isValue(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[scalarReader]())
}

// nounOf is what one struct of type t is called in a message.
func nounOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Spec]():
		return "the spec"
	case reflect.TypeFor[Connect]():
		return "connect entry"
	case reflect.TypeFor[Reserved]():
		return "reserved entry"
	case reflect.TypeFor[Rule]():
		return "policy rule"
	case reflect.TypeFor[Flow]():
		return "traffic entry"
	case reflect.TypeFor[CloudBlock]():
		return "block of"
	case reflect.TypeFor[Test]():
		return "assertion"
	case reflect.TypeFor[Residence]():
		return "stays"
	}
	return strings.ToLower(t.Name())
}
