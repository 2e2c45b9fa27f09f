package lock

import "fmt"

// Update returns the lock after a plan that uses exactly these entries, of
// which it reads kind, key, value and scope. Entries no longer used become
// freed; those used again, or with another value or scope, change; new ones
// are added. What is added or moved gets the next stamp. The changes are
// those of l.Diff(result).
//
// The caller has resolved conflicts in l and allocates without making new
// ones. Update panics on an entry that [Entry.Validate] refuses or that
// stands twice: the caller's defect, not the user's.
func (l Lock) Update(used []Entry) (Lock, Changes) {
	want := make(map[keeperKey]Entry, len(used))
	for _, u := range used {
		u.Stamp, u.Freed = 0, false
		if err := u.Validate(); err != nil {
			panic("lock: " + err.Error())
		}
		at := keeperKey{u.Kind, u.Key}
		if _, twice := want[at]; twice {
			panic(fmt.Sprintf("lock: %s %s stands twice in an update", u.Kind, u.Key))
		}
		want[at] = u
	}
	stamp := l.nextStamp()
	out := make([]Entry, 0, len(used)+len(l.entries))
	for _, e := range l.entries {
		at := keeperKey{e.Kind, e.Key}
		u, ok := want[at]
		switch {
		case !ok && isLeftover(e.Key):
			if u, ok := want[keeperKey{e.Kind, baseKey(e.Key)}]; !ok || !holds(&u, &e) {
				out = append(out, e) // else its own key has it back
			}
		case !ok:
			e.Freed = true
			out = append(out, e)
		case sameValue(e, u):
			e.Freed, e.Scope = false, u.Scope
			out = append(out, e)
			delete(want, at)
		case !holds(&u, &e):
			out = append(out, l.leftover(e))
		}
	}
	for _, u := range used {
		if _, ok := want[keeperKey{u.Kind, u.Key}]; ok {
			u.Stamp, u.Freed = stamp, false
			out = append(out, u)
		}
	}
	next := sorted(out)
	return next, l.Diff(next)
}

// leftover returns e as the freed entry that keeps its value once its key has
// another.
func (l Lock) leftover(e Entry) Entry {
	stamp := e.Stamp
	for {
		key := leftoverKey(e.Key, stamp)
		if _, taken := l.Get(e.Kind, key); !taken {
			e.Key, e.Freed = key, true
			return e
		}
		stamp++
	}
}

// Rename returns the lock with the key from, and all keys below it, at to:
// for "was:" in a spec. It is to be called before allocation, with keys of
// every kind that the renamed thing has, and only when from itself is no
// longer in the spec. A key whose new name is in use stays; a freed entry of
// the new name stays freed. Renaming what is not there changes nothing.
func (l Lock) Rename(from, to string) Lock {
	if from == to {
		return l
	}
	out := l.Entries()
	moves := false
	taken := make(map[keeperKey]int, len(out))
	for i, e := range out {
		taken[keeperKey{e.Kind, e.Key}] = i
	}
	set := func(i int, key string) {
		delete(taken, keeperKey{out[i].Kind, out[i].Key})
		out[i].Key = key
		taken[keeperKey{out[i].Kind, key}] = i
		moves = true
	}
	spare := func(k Kind, key string, stamp int) string {
		for {
			s := leftoverKey(key, stamp)
			if _, ok := taken[keeperKey{k, s}]; !ok {
				return s
			}
			stamp++
		}
	}
	for i, e := range out {
		if scope := e.Scope.rename(from, to); scope != e.Scope {
			out[i].Scope = scope
			moves = true
		}
		if !isWithin(from, e.Key) {
			continue
		}
		key := to + e.Key[len(from):]
		j, occupied := taken[keeperKey{e.Kind, key}]
		switch {
		case occupied && e.Freed:
			key = spare(e.Kind, key, e.Stamp)
		case occupied && out[j].Freed:
			set(j, spare(e.Kind, key, out[j].Stamp))
		case occupied:
			continue
		}
		set(i, key)
	}
	if !moves {
		return l
	}
	return sorted(out)
}

func (s Scope) rename(from, to string) Scope {
	keys := s.Keys()
	changed := false
	for i, k := range keys {
		if k == from || isAncestor(from, k) {
			keys[i], changed = to+k[len(from):], true
		}
	}
	if !changed {
		return s
	}
	return ScopeOf(keys...)
}

// Release forgets the freed entries at these keys and below them, so that
// others may take their values. Used entries stay. It returns what was
// released, and the keys that hold nothing freed.
func (l Lock) Release(keys ...string) (kept Lock, released []Entry, unknown []string) {
	hit := make([]bool, len(keys))
	out := make([]Entry, 0, len(l.entries))
	for _, e := range l.entries {
		gone := false
		for i, k := range keys {
			if e.Freed && isWithin(k, e.Key) {
				gone, hit[i] = true, true
			}
		}
		if gone {
			released = append(released, e)
			continue
		}
		out = append(out, e)
	}
	for i, k := range keys {
		if !hit[i] {
			unknown = append(unknown, k)
		}
	}
	return Lock{out}, released, unknown
}
