package change

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Action is what becomes of a resource.
type Action uint8

// The actions.
const (
	Added    Action = iota + 1
	Removed         // destroyed
	Modified        // in place
	Remade          // a connection is destroyed and made again with its tunnels
	Replaced        // destroyed and made again
)

// String gives the action for people.
func (a Action) String() string {
	switch a {
	case Added:
		return "added"
	case Removed:
		return "removed"
	case Modified:
		return "changed in place"
	case Remade:
		return "connection made anew"
	case Replaced:
		return "replaced"
	}
	return "action?"
}

// MarshalText makes an action a word in JSON.
func (a Action) MarshalText() ([]byte, error) {
	switch a {
	case Added:
		return []byte("added"), nil
	case Removed:
		return []byte("removed"), nil
	case Modified:
		return []byte("in_place"), nil
	case Remade:
		return []byte("recreate_connection"), nil
	case Replaced:
		return []byte("replaced"), nil
	}
	return []byte("?"), nil
}

// Resource is one resource that the change touches.
type Resource struct {
	Cloud   vocab.Cloud
	Kind    string // transit gateway
	ID      string // in the new network; of a removed one in the old
	Was     string // its id in the old network, when it is another
	Site    fabric.SiteID
	Account fabric.AccountID
	Action  Action
	Fields  []Field // that differ; empty when added or removed
	// Low and High bound how long what crosses the resource itself stops;
	// what carries on by other ways is in [Report.Interrupts].
	Low, High time.Duration
	// Mark is the weakest of the rules behind the action and its times.
	Mark   atlas.Mark
	Origin fabric.Origin // in the new spec; of a removed one in the old

	key     string
	roots   []string          // ids of the resources whose change is behind this one; its own when it changes by itself
	tunnels []fabric.TunnelID // down meanwhile, as the old network spells them
	link    fabric.LinkID     // down meanwhile, as the new network spells it
}

// Field is one field of a resource that differs.
type Field struct {
	Name     string
	Old, New string   // of one value
	Added    []string // of a set
	Removed  []string
	// Because is the id of the object whose replacement makes the field
	// change though it says the same.
	Because string
	Rule    atlas.ChangeRule // zero Kind: the atlas has no rule, and the worst is taken
}

// resources compares what stands with what is to stand, sorted by site, cloud,
// kind and id.
func resources(m *match, a *atlas.Atlas) []Resource {
	old := inventoryOf(m.old, func(id string) string { return id })
	new := inventoryOf(m.new, m.former)
	var out []Resource
	type both struct{ old, new *object }
	var kept []both
	for i, j := 0, 0; i < len(old) || j < len(new); {
		switch {
		case j == len(new) || i < len(old) && old[i].key < new[j].key:
			out = append(out, gone(&old[i]))
			i++
		case i == len(old) || new[j].key < old[i].key:
			out = append(out, made(&new[j]))
			j++
		default:
			kept = append(kept, both{&old[i], &new[j]})
			i, j = i+1, j+1
		}
	}
	moved := movedAssociations(m)
	// What hangs on a replaced object changes with it, until nothing more does.
	replaced := map[string]string{}
	changes := make([]Resource, len(kept))
	for again := true; again; {
		again = false
		for i, k := range kept {
			r := compare(a, k.old, k.new, replaced, moved)
			if destroys(r.Action) && replaced[r.key] == "" {
				replaced[r.key] = r.ID
				again = true
			}
			changes[i] = r
		}
	}
	traceRoots(changes)
	for i := range changes {
		if len(changes[i].Fields) > 0 {
			out = append(out, changes[i])
		}
	}
	slices.SortStableFunc(out, func(x, y Resource) int {
		return cmp.Or(cmp.Compare(x.Site, y.Site), cmp.Compare(x.Cloud, y.Cloud), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
	})
	return out
}

// traceRoots finds for each change the resources whose own change it follows.
func traceRoots(changes []Resource) {
	at := map[string]*Resource{}
	for i := range changes {
		at[changes[i].ID] = &changes[i]
	}
	var roots func(r *Resource, seen map[string]bool) []string
	roots = func(r *Resource, seen map[string]bool) []string {
		if seen[r.key] {
			return nil
		}
		seen[r.key] = true
		var out []string
		for _, f := range r.Fields {
			above := at[f.Because]
			if f.Because == "" || above == nil {
				return []string{r.ID}
			}
			out = append(out, roots(above, seen)...)
		}
		return out
	}
	for i := range changes {
		changes[i].roots = roots(&changes[i], map[string]bool{})
	}
}

// Follows reports whether the resource only changes because another does.
func (r *Resource) Follows() bool {
	return len(r.Fields) > 0 && !slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Because == "" })
}

func destroys(a Action) bool { return a == Replaced || a == Remade }

func gone(o *object) Resource {
	return Resource{Cloud: o.cloud, Kind: o.kind, ID: o.id, Site: o.site, Account: o.account, Action: Removed, Origin: o.origin, key: o.key, tunnels: o.tunnels}
}

func made(o *object) Resource {
	return Resource{Cloud: o.cloud, Kind: o.kind, ID: o.id, Site: o.site, Account: o.account, Action: Added, Origin: o.origin, key: o.key}
}

// compare gives the fields of an object that differ, with what they take.
func compare(a *atlas.Atlas, old, new *object, replaced map[string]string, moved []move) Resource {
	r := Resource{Cloud: new.cloud, Kind: new.kind, ID: new.id, Site: new.site, Account: new.account, Action: Modified, Origin: new.origin, key: new.key, tunnels: old.tunnels, link: new.link}
	if old.id != new.id {
		r.Was = old.id
	}
	for _, y := range new.attrs {
		i := slices.IndexFunc(old.attrs, func(x attr) bool { return x.name == y.name })
		x := attr{name: y.name}
		if i >= 0 {
			x = old.attrs[i]
		}
		f, ok := differ(x, y, replaced)
		if !ok {
			continue
		}
		if y.name == ruleNumbers {
			if len(r.Fields) > 0 && r.Fields[len(r.Fields)-1].Name == "rules" {
				continue
			}
			y.name = "rules"
		}
		f.Rule, _ = ruleOf(a, r.Cloud, r.Kind, x, y)
		if f.spares(moved) {
			f.Rule.Low, f.Rule.High, f.Rule.TimesMark = 0, 0, 0
		}
		r.take(f)
	}
	return r
}

// differ gives the difference of a field, and whether there is one.
func differ(x, y attr, replaced map[string]string) (Field, bool) {
	f := Field{Name: y.name}
	if x.list != nil || y.list != nil {
		f.Added, f.Removed = without(y.list, x.list), without(x.list, y.list)
		return f, len(f.Added)+len(f.Removed) > 0
	}
	if x.value != y.value {
		f.Old, f.New = x.text(), y.text()
		return f, true
	}
	if y.ref != "" && replaced[y.ref] != "" {
		f.Old, f.New, f.Because = x.text(), y.text(), replaced[y.ref]
		return f, true
	}
	return f, false
}

// without gives what of one sorted set is not in another.
func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); !ok {
			out = append(out, x)
		}
	}
	return out
}

// take adds a field to a resource. A field without a rule counts as if it
// replaced the resource: what is not known is never taken as harmless.
func (r *Resource) take(f Field) {
	effect, mark := f.Rule.Effect, f.Rule.Fact.Mark.Weaker(f.Rule.TimesMark)
	if f.Rule.Kind == "" {
		effect, mark = atlas.ReplacedByAnother, atlas.Recalled
	}
	r.Fields = append(r.Fields, f)
	switch effect {
	case atlas.ChangedInPlace:
	case atlas.ConnectionRemade:
		r.Action = max(r.Action, Remade)
	case atlas.ReplacedByAnother:
		r.Action = Replaced
	}
	r.Low, r.High = max(r.Low, f.Rule.Low), max(r.High, f.Rule.High)
	r.Mark = r.Mark.Weaker(mark)
}

// Interrupts reports whether what crosses the resource itself may stop.
func (r *Resource) Interrupts() bool { return r.High > 0 }

// Reasons says what the rules say of the fields that decide what becomes of
// the resource, each sentence once.
func (r *Resource) Reasons() []string {
	var out []string
	for _, f := range r.Fields {
		if destroys(r.Action) && f.Rule.Effect == atlas.ChangedInPlace {
			continue
		}
		if note := f.Rule.Fact.Note; note != "" && !slices.Contains(out, note) {
			out = append(out, note)
		}
		if f.Rule.Kind == "" && !slices.Contains(out, unknownRule) {
			out = append(out, unknownRule)
		}
	}
	return out
}

const unknownRule = "nothing is known of this change: taken as a replacement"

// ruleOf returns the rule for a change of a field: a range that grows around
// the old one has one of its own where the cloud can grow it.
func ruleOf(a *atlas.Atlas, c vocab.Cloud, kind string, x, y attr) (atlas.ChangeRule, bool) {
	if widens(x.value, y.value) {
		if r, ok := a.Change(c, kind, y.name+"_widened"); ok {
			return r, true
		}
	}
	return a.Change(c, kind, y.name)
}

// widens reports whether a prefix holds all of another and more.
func widens(old, new string) bool {
	p, err1 := netip.ParsePrefix(old)
	q, err2 := netip.ParsePrefix(new)
	return err1 == nil && err2 == nil && q.Bits() < p.Bits() && q.Contains(p.Addr())
}
