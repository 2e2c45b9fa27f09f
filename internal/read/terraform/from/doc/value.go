package doc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// Kind is a kind of JSON value.
type Kind uint8

// The kinds. None is the zero value: what is not there.
const (
	None Kind = iota
	Null
	Bool
	Number
	Text
	Array
	Object
)

// Value is a JSON value with its place in the file. The zero Value is one that
// is not there; each method says what it gives then.
type Value struct {
	kind   Kind
	text   string   // of Text; the digits of Number; "true" or "false" of Bool
	keys   []string // of Object, in the file's order
	items  []Value  // of Array and Object
	offset int      // of the byte after its first token
}

// maxDepth bounds how deep values nest: Terraform's own are below 60.
const maxDepth = 400

// parseValue reads one JSON value with nothing but space after it.
func parseValue(data []byte) (Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return Value{}, &placedError{d.InputOffset(), err}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Value{}, &placedError{d.InputOffset(), errors.New("text after the end of the JSON value")}
	}
	return v, nil
}

// placedError is an error at an offset of the file.
type placedError struct {
	offset int64
	err    error
}

func (e *placedError) Error() string { return e.err.Error() }

func readValue(d *json.Decoder, depth int) (Value, error) {
	t, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	v := Value{offset: int(d.InputOffset())}
	switch t := t.(type) {
	case nil:
		v.kind = Null
	case bool:
		v.kind, v.text = Bool, strconv.FormatBool(t)
	case json.Number:
		v.kind, v.text = Number, t.String()
	case string:
		v.kind, v.text = Text, t
	case json.Delim:
		if depth >= maxDepth {
			return Value{}, fmt.Errorf("values nest deeper than %d", maxDepth)
		}
		return readNested(d, v, t, depth)
	}
	return v, nil
}

func readNested(d *json.Decoder, v Value, open json.Delim, depth int) (Value, error) {
	v.kind = Array
	if open == '{' {
		v.kind = Object
	}
	for d.More() {
		if v.kind == Object {
			key, err := d.Token()
			if err != nil {
				return Value{}, err
			}
			v.keys = append(v.keys, key.(string)) // the decoder takes nothing else for a key
		}
		item, err := readValue(d, depth+1)
		if err != nil {
			return Value{}, err
		}
		v.items = append(v.items, item)
	}
	if _, err := d.Token(); err != nil {
		return Value{}, err
	}
	return v, nil
}

// Kind returns the value's kind.
func (v Value) Kind() Kind { return v.kind }

// Has reports whether there is a value, and it is not null.
func (v Value) Has() bool { return v.kind > Null }

// Get returns what an object holds under a key, and so on for further keys.
func (v Value) Get(path ...string) Value {
	for _, key := range path {
		next := Value{}
		for i, k := range v.keys {
			if k == key {
				next = v.items[i]
			}
		}
		v = next
	}
	return v
}

// Keys returns the keys of an object in the file's order.
func (v Value) Keys() []string { return v.keys }

// Items returns the values of an array; of a single value that is none, itself,
// so that blocks of which there is one may be written either way.
func (v Value) Items() []Value {
	switch v.kind {
	case Array:
		return v.items
	case None, Null:
		return nil
	}
	return []Value{v}
}

// At returns an item of an array.
func (v Value) At(i int) Value {
	if v.kind != Array || i < 0 || i >= len(v.items) {
		return Value{}
	}
	return v.items[i]
}

// Text returns a string, number or truth value as written; empty for others.
func (v Value) Text() string { return v.text }

// True reports whether the value is true.
func (v Value) True() bool {
	return v.kind == Bool && v.text == "true" || v.kind == Text && v.text == "true"
}

// Int returns a whole number, also one that is written as a string.
func (v Value) Int() (int, bool) {
	if f, err := strconv.ParseFloat(v.text, 64); v.kind == Number && err == nil && f == float64(int(f)) {
		return int(f), true
	}
	n, err := strconv.Atoi(v.text)
	return n, err == nil && (v.kind == Number || v.kind == Text)
}

// Texts returns the strings of an array.
func (v Value) Texts() []string {
	var out []string
	for _, item := range v.Items() {
		if item.text != "" {
			out = append(out, item.text)
		}
	}
	return out
}

// Prefix returns a prefix in CIDR form, without host bits; an address alone is
// a prefix of its whole length.
func Prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// any reports whether true stands anywhere in a value.
func (v Value) any() bool {
	if v.kind == Bool {
		return v.text == "true"
	}
	for _, item := range v.items {
		if item.any() {
			return true
		}
	}
	return false
}

// place turns an offset into a line and a column in characters, both from 1.
func place(data []byte, offset int) (line, col int) {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	line = bytes.Count(before, []byte{'\n'}) + 1
	start := bytes.LastIndexByte(before, '\n') + 1
	return line, len([]rune(strings.ToValidUTF8(string(before[start:]), "?"))) + 1
}
