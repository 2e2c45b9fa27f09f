package lock

import "slices"

// Change is one entry before and after.
type Change struct{ From, To Entry }

// Changes is what differs between two locks, each list in the order of the
// file.
type Changes struct {
	Added    []Entry
	Restored []Entry // freed before, used again at the same value
	Freed    []Entry // kept, but no longer used; old values of what moved too
	Removed  []Entry // no longer in the file: released, or dropped by Resolve
	Moved    []Change
	Renamed  []Change // same value and stamp under another key
	Rescoped []Change
}

// IsEmpty reports whether nothing differs.
func (c Changes) IsEmpty() bool {
	return len(c.Added)+len(c.Restored)+len(c.Freed)+len(c.Removed)+len(c.Moved)+len(c.Renamed)+len(c.Rescoped) == 0
}

// Diff returns what changes from l to m.
func (l Lock) Diff(m Lock) Changes {
	var c Changes
	var gone, fresh []Entry
	i, j := 0, 0
	for i < len(l.entries) || j < len(m.entries) {
		switch order := compareKeys(l.entries, i, m.entries, j); {
		case order < 0:
			gone = append(gone, l.entries[i])
			i++
		case order > 0:
			fresh = append(fresh, m.entries[j])
			j++
		default:
			c.compare(l.entries[i], m.entries[j])
			i, j = i+1, j+1
		}
	}
	c.match(gone, fresh)
	return c
}

// compareKeys orders a[i] and b[j] by kind and key; an end comes last.
func compareKeys(a []Entry, i int, b []Entry, j int) int {
	switch {
	case i == len(a):
		return 1
	case j == len(b):
		return -1
	case a[i].Kind == b[j].Kind && a[i].Key == b[j].Key:
		return 0
	}
	return a[i].Compare(b[j])
}

// compare sorts in one entry that both locks have.
func (c *Changes) compare(e, f Entry) {
	switch {
	case !sameValue(e, f):
		c.Moved = append(c.Moved, Change{e, f})
	case e.Freed && !f.Freed:
		c.Restored = append(c.Restored, f)
	case !e.Freed && f.Freed:
		c.Freed = append(c.Freed, f)
	case e.Scope != f.Scope:
		c.Rescoped = append(c.Rescoped, Change{e, f})
	}
}

// match pairs what is gone with what is new where only the key differs.
func (c *Changes) match(gone, fresh []Entry) {
	content := func(e Entry) Entry {
		return Entry{Kind: e.Kind, Prefix: e.Prefix, ASN: e.ASN, Number: e.Number, Stamp: e.Stamp}
	}
	index := map[Entry][]Entry{}
	for _, e := range gone {
		index[content(e)] = append(index[content(e)], e)
	}
	renamed := map[keeperKey]bool{}
	for _, f := range fresh {
		if from := index[content(f)]; len(from) > 0 {
			index[content(f)] = from[1:]
			renamed[keeperKey{f.Kind, from[0].Key}] = true
			c.Renamed = append(c.Renamed, Change{from[0], f})
			continue
		}
		if f.Freed {
			c.Freed = append(c.Freed, f)
			continue
		}
		c.Added = append(c.Added, f)
	}
	for _, e := range gone {
		if !renamed[keeperKey{e.Kind, e.Key}] {
			c.Removed = append(c.Removed, e)
		}
	}
	slices.SortFunc(c.Freed, Entry.Compare)
}
