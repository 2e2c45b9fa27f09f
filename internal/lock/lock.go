// Package lock keeps what was allocated once: address blocks, AS numbers, the
// inside prefixes of tunnels, and numbers such as ordinals and priorities.
// tieline.lock stands beside the spec and is committed with it, so that
// adding, removing or renaming one thing moves nothing else. The package
// turns the file's bytes into an immutable [Lock] and back; it reads and
// writes no file, and decides no allocation.
//
// # The file
//
// A header, then one line each, sorted as sort(1) does under LC_ALL=C:
//
//	# tieline.lock version 1: …
//	asn aws/us-west-2/aws-oregon 64512 @1
//	block aws/us-west-2/aws-oregon/ml 10.0.0.0/16 @1
//	block aws/us-west-2/aws-oregon/old 10.1.0.0/16 @1 freed
//	inside link/aws-oregon+gcp-oregon/1 169.254.21.0/30 @2 in=aws-oregon/vpn,gcp-oregon/vpn
//
// that is: kind, key, value, stamp, the scope inside which the value may
// stand only once (when it is not the default), and whether it is freed. A
// key is a path of names joined by "/"; it is all that identifies an entry.
// There is no checksum and no count, so a change of one entry is a change of
// one line, and git merges the file; "tieline.lock merge=union" in
// .gitattributes spares even the conflicts of neighbouring lines.
//
// # What may not be
//
// Each key stands once in its kind. A value stands once in its scope: two
// blocks may overlap only when one key is an ancestor of the other (a region
// holds its networks), in which case the descendant may not be the wider;
// AS numbers are unique over the file; inside prefixes over every gateway
// named in their scope; numbers among keys of one parent.
//
// # Freed
//
// What is no longer used is kept as freed, and nothing else may take it until
// it is released: it may still be built. It goes back to its own key when
// that is used again. When the value of a key changes, the old one stays as a
// freed entry of its own, at the key with "~" and its stamp appended.
//
// # The later of two
//
// A stamp is a Lamport clock: what one update adds is stamped one above the
// highest stamp in the file. Who allocated with another entry in sight has
// the higher stamp. Entries of two branches that did not see each other may
// have equal or unrelated stamps; then the order is by stamp, key and value,
// arbitrary but the same on every machine. [Lock.Resolve] lets the earlier
// keep its place and drops the later, so that the next plan allocates it
// anew. A freed entry gives way to a used one: that can only come of a
// release on another branch.
package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Lock is the content of a tieline.lock. It is immutable; the zero Lock is
// empty.
type Lock struct {
	entries []Entry // by kind, key, then precedes; no two equal but for Pos
}

// New returns a lock of the entries as they are, stamps included. Conflicts
// among them stay and are found by [Lock.Conflicts].
func New(entries ...Entry) Lock {
	return sorted(slices.Clone(entries))
}

// sorted is New of a list that it may keep.
func sorted(list []Entry) Lock {
	for i := range list {
		if i > 0 && compare(&list[i-1], &list[i]) > 0 {
			slices.SortStableFunc(list, Entry.Compare)
			break
		}
	}
	return Lock{slices.CompactFunc(list, Entry.Equal)}
}

// Entries returns every entry, by kind, then key.
func (l Lock) Entries() []Entry { return slices.Clone(l.entries) }

// OfKind returns the entries of one kind by key.
func (l Lock) OfKind(k Kind) []Entry {
	lo, hi := l.search(k, ""), l.search(k+1, "")
	return slices.Clone(l.entries[lo:hi])
}

// Under returns the entries of one kind, freed ones too, whose keys lie below
// key, by key. Whoever allocates inside the block of key must avoid these.
func (l Lock) Under(k Kind, key string) []Entry {
	lo, hi := l.search(k, key+"/"), l.search(k, key+"0") // "0" follows "/"
	return slices.Clone(l.entries[lo:hi])
}

// Freed returns the freed entries.
func (l Lock) Freed() []Entry {
	var out []Entry
	for _, e := range l.entries {
		if e.Freed {
			out = append(out, e)
		}
	}
	return out
}

// Held returns the freed blocks that key may not take: all but its own, those
// of its ancestors, in which it lies, and those below it, which lie in it.
func (l Lock) Held(key string) prefix.Set {
	var list []netip.Prefix
	for _, e := range l.entries {
		if e.Kind != Block || !e.Freed {
			continue
		}
		if own := baseKey(e.Key); own != key && !isAncestor(own, key) && !isAncestor(key, own) {
			list = append(list, e.Prefix)
		}
	}
	return prefix.FromPrefixes(list...)
}

// Get returns the entry of key, freed or not: a freed value goes back to its
// own key.
func (l Lock) Get(k Kind, key string) (Entry, bool) {
	i := l.search(k, key)
	if i == len(l.entries) || l.entries[i].Kind != k || l.entries[i].Key != key {
		return Entry{}, false
	}
	return l.entries[i], true
}

// Block returns the address block of key.
func (l Lock) Block(key string) (netip.Prefix, bool) {
	e, ok := l.Get(Block, key)
	return e.Prefix, ok
}

// ASN returns the AS number of key.
func (l Lock) ASN(key string) (vocab.ASN, bool) {
	e, ok := l.Get(ASN, key)
	return e.ASN, ok
}

// Inside returns the prefix inside the tunnel of key.
func (l Lock) Inside(key string) (netip.Prefix, bool) {
	e, ok := l.Get(Inside, key)
	return e.Prefix, ok
}

// Number returns the number of key.
func (l Lock) Number(key string) (int, bool) {
	e, ok := l.Get(Number, key)
	return e.Number, ok
}

// Len returns the number of entries.
func (l Lock) Len() int { return len(l.entries) }

// Equal reports whether both say the same; places do not count.
func (l Lock) Equal(m Lock) bool { return slices.EqualFunc(l.entries, m.entries, Entry.Equal) }

// Marshal returns the file: byte for byte the same for equal locks.
func (l Lock) Marshal() []byte {
	var b strings.Builder
	b.WriteString(header + "\n")
	for _, e := range l.entries {
		b.WriteString(e.String())
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// Hash identifies what a lock says: equal locks have equal ones. SHA-256 of
// the file, in hexadecimal.
func (l Lock) Hash() string {
	sum := sha256.Sum256(l.Marshal())
	return hex.EncodeToString(sum[:])
}

// search returns the index of the first entry at or after kind and key.
func (l Lock) search(k Kind, key string) int {
	return sort.Search(len(l.entries), func(i int) bool {
		e := &l.entries[i]
		return e.Kind > k || e.Kind == k && e.Key >= key
	})
}

// nextStamp is one above the highest stamp, or the highest possible.
func (l Lock) nextStamp() int {
	highest := 0
	for _, e := range l.entries {
		highest = max(highest, e.Stamp)
	}
	return min(highest+1, maxNumber)
}
