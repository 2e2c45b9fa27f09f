package view

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// list converts every element; the result is never nil, so that JSON has [].
func list[T, U any](in []T, convert func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, x := range in {
		out = append(out, convert(x))
	}
	return out
}

func same[T any](x T) T { return x }

// ids gives ids as strings.
func ids[T ~string](in []T) []string {
	return list(in, func(x T) string { return string(x) })
}

// texts gives what prints itself as strings.
func texts[T fmt.Stringer](in []T) []string {
	return list(in, func(x T) string { return x.String() })
}

// cidr gives a prefix, or nothing for the zero one.
func cidr(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

// address gives an address, or nothing for the zero one.
func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// at gives the place of an origin in the spec.
func at(o fabric.Origin) string {
	if o.Pos.Line == 0 {
		return ""
	}
	return o.Pos.String()
}

// letter gives a mark's letter: V, S or R.
func letter(m atlas.Mark) string {
	if m == 0 {
		return ""
	}
	return string(rune(m))
}

// describe lists the keys of a JSON type with what their doc tags say, a row
// of a table each.
func describe(b *strings.Builder, t reflect.Type, path string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner, kind := f.Type, typeName(f.Type)
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		full := path + name
		text := f.Tag.Get("doc")
		if options == "omitempty" {
			text += "; may be left out"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", full, kind, text)
		if inner.Kind() == reflect.Struct {
			if f.Type.Kind() == reflect.Slice {
				full += "[]"
			}
			describe(b, inner, full+".")
		}
	}
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Struct:
		return "object"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "string"
	default:
		return "number"
	}
}
