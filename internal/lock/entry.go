package lock

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Kind says what an entry keeps. The zero Kind is invalid.
type Kind uint8

// The kinds, in the order of their names, which is the order of the file.
const (
	ASN    Kind = iota + 1 // an AS number, in Entry.ASN
	Block                  // an address block, in Entry.Prefix
	Inside                 // the prefix inside a tunnel, in Entry.Prefix
	Number                 // an ordinal or priority, in Entry.Number
)

var kindNames = [...]string{ASN: "asn", Block: "block", Inside: "inside", Number: "number"}

// String gives the kind as written: asn, block, inside, number.
func (k Kind) String() string {
	if k < ASN || k > Number {
		return "kind?"
	}
	return kindNames[k]
}

// ParseKind reads a kind's name.
func ParseKind(s string) (Kind, error) {
	if i := slices.Index(kindNames[ASN:], s); i >= 0 {
		return ASN + Kind(i), nil
	}
	return 0, fmt.Errorf("kind %q is not one of %s", s, strings.Join(kindNames[ASN:], ", "))
}

// Scope names the keys inside which a value may stand only once, for an
// inside prefix the gateways at both ends. The zero Scope is the kind's
// default: the whole file, or for a Number the keys of one parent.
type Scope string

// ScopeOf returns the scope of these keys.
func ScopeOf(keys ...string) Scope {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return Scope(strings.Join(slices.Compact(keys), ","))
}

// Keys returns the scope's keys in order.
func (s Scope) Keys() []string {
	if s == "" {
		return nil
	}
	return strings.Split(string(s), ",")
}

// Entry is one kept allocation. Of Prefix, ASN and Number only the one that
// Kind names is set.
type Entry struct {
	Kind   Kind
	Key    string // see ValidateKey
	Prefix netip.Prefix
	ASN    vocab.ASN
	Number int // from 0 to 2147483647
	Scope  Scope
	Stamp  int      // see the package comment; Update sets it
	Freed  bool     // no longer used, kept until released
	Pos    diag.Pos // where in the file; not part of the content
}

// Value gives the entry's value as written: 10.0.0.0/16, 64512.
func (e Entry) Value() string {
	switch e.Kind {
	case ASN:
		return e.ASN.String()
	case Block, Inside:
		return e.Prefix.String()
	case Number:
		return strconv.Itoa(e.Number)
	}
	return "?"
}

// String gives the entry's line.
func (e Entry) String() string {
	line := e.Kind.String() + " " + e.Key + " " + e.Value() + " @" + strconv.Itoa(e.Stamp)
	if e.Scope != "" {
		line += " in=" + string(e.Scope)
	}
	if e.Freed {
		line += " freed"
	}
	return line
}

// Equal reports whether e and f are the same but for their places.
func (e Entry) Equal(f Entry) bool {
	e.Pos, f.Pos = diag.Pos{}, diag.Pos{}
	return e == f
}

// Compare orders entries as the file does, the entry that keeps its place
// first where two have one key.
func (e Entry) Compare(f Entry) int { return compare(&e, &f) }

func compare(e, f *Entry) int {
	if c := compareNames(e, f); c != 0 {
		return c
	}
	return precedes(e, f)
}

func compareNames(e, f *Entry) int {
	if e.Kind != f.Kind {
		return cmp.Compare(e.Kind, f.Kind)
	}
	return strings.Compare(e.Key, f.Key)
}

// precedes orders entries by who keeps its place in a conflict: used before
// freed, then the earlier stamp, then key and value.
func precedes(e, f *Entry) int {
	if e.Freed != f.Freed {
		if f.Freed {
			return -1
		}
		return 1
	}
	if e.Stamp != f.Stamp {
		return cmp.Compare(e.Stamp, f.Stamp)
	}
	return cmp.Or(compareNames(e, f), compareValues(e, f), cmp.Compare(e.Scope, f.Scope))
}

// compareValues orders entries of one kind by value, a prefix before those
// inside it.
func compareValues(e, f *Entry) int {
	if e.Kind == Block || e.Kind == Inside {
		return prefix.Compare(e.Prefix, f.Prefix)
	}
	return cmp.Or(cmp.Compare(e.ASN, f.ASN), cmp.Compare(e.Number, f.Number))
}

func sameValue(e, f Entry) bool {
	return e.Kind == f.Kind && e.Prefix == f.Prefix && e.ASN == f.ASN && e.Number == f.Number
}

// Validate reports what in e could not be written to the file.
func (e Entry) Validate() error {
	if e.Kind < ASN || e.Kind > Number {
		return fmt.Errorf("entry %q has no kind", e.Key)
	}
	if err := ValidateKey(e.Key); err != nil {
		return err
	}
	if isLeftover(e.Key) && !e.Freed {
		return fmt.Errorf("key %q ends in ~ and a number, which marks a freed entry", e.Key)
	}
	for _, k := range e.Scope.Keys() {
		if err := ValidateKey(k); err != nil {
			return fmt.Errorf("scope of %s: %w", e.Key, err)
		}
	}
	if e.Scope != ScopeOf(e.Scope.Keys()...) {
		return fmt.Errorf("scope %q of %s is not sorted, each key once", e.Scope, e.Key)
	}
	switch e.Kind {
	case Block, Inside:
		if !e.Prefix.IsValid() || e.Prefix != e.Prefix.Masked() || e.Prefix.Addr().Is4In6() {
			return fmt.Errorf("%s %s has the invalid prefix %s", e.Kind, e.Key, e.Prefix)
		}
	case ASN:
		if e.ASN == 0 {
			return fmt.Errorf("asn %s has no number", e.Key)
		}
	case Number:
		if e.Number < 0 || e.Number > maxNumber {
			return fmt.Errorf("number %s is %d, not from 0 to %d", e.Key, e.Number, maxNumber)
		}
	}
	if e.Stamp < 0 || e.Stamp > maxNumber {
		return fmt.Errorf("%s %s has stamp %d, not from 0 to %d", e.Kind, e.Key, e.Stamp, maxNumber)
	}
	return nil
}

// maxNumber bounds numbers and stamps.
const maxNumber = 1<<31 - 1
