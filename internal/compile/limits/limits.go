// Package limits counts what a network makes against what its clouds allow.
// One file a cloud says what is counted; nothing is changed. Beyond a limit
// the network cannot be built: an error. Where the limit is a quota that can
// be raised the error says how much to ask for, and is gone when the user's
// own facts state it. Limits that are only recalled give warnings.
//
// How many prefixes a gateway learns by BGP is not counted: that is for the
// clouds' control planes to work out, which no pass computes.
package limits

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
)

// Limits is the pass.
func Limits(d *draft.Draft) {
	c := newCounter(d)
	c.aws()
	c.gcp()
	c.azure()
	c.report()
	layout(d)
}

// bound is what is allowed of something.
type bound struct {
	id         string // of its fact, and of its limit in a file of own facts
	value      int
	unit       string
	adjustable bool
	max        int // how far it can be raised, 0 when not stated
	excess     atlas.Excess
	fact       atlas.Fact
	hint       string // what to do where it cannot be raised
}

// counter counts by bound and scope.
type counter struct {
	d      *draft.Draft
	bounds map[string]*bound
	at     map[key]*tally
	sites  map[fabric.SiteID]*draft.Site
	vpcs   map[fabric.VPCID]*fabric.VPC
}

// key is one thing counted: VPCs (the bound) of prod in us-west-2 (the scope).
type key struct{ bound, scope string }

type tally struct {
	n     int
	spots map[diag.Pos]int // what each place of the spec adds
}

func newCounter(d *draft.Draft) *counter {
	c := &counter{
		d: d, bounds: map[string]*bound{}, at: make(map[key]*tally, 4*len(d.Net.VPCs)),
		sites: make(map[fabric.SiteID]*draft.Site, len(d.Sites)), vpcs: make(map[fabric.VPCID]*fabric.VPC, len(d.Net.VPCs)),
	}
	for i := range d.Sites {
		c.sites[d.Sites[i].ID] = &d.Sites[i]
	}
	for i := range d.Net.VPCs {
		c.vpcs[d.Net.VPCs[i].ID] = &d.Net.VPCs[i]
	}
	return c
}

// limit gives the bound of a limit of the facts; hint says what to do where it
// cannot be raised.
func (c *counter) limit(id atlas.LimitID, hint string) *bound {
	if b := c.bounds[string(id)]; b != nil {
		return b
	}
	l := c.d.Atlas.Limit(id)
	b := &bound{id: string(id), value: l.Value, unit: l.Unit, adjustable: l.Adjustable, max: l.Max, excess: l.OnExcess, fact: l.Fact, hint: hint}
	c.bounds[b.id] = b
	return b
}

// own gives a bound that is no limit of the facts: a gateway's size, the size
// of a range.
func (c *counter) own(id string, value int, unit string, fact atlas.Fact, hint string) *bound {
	if b := c.bounds[id]; b != nil {
		return b
	}
	b := &bound{id: id, value: value, unit: unit, excess: atlas.ExcessFails, fact: fact, hint: hint}
	c.bounds[id] = b
	return b
}

// add counts n things more in a scope, caused by a place.
func (c *counter) add(b *bound, scope string, n int, pos diag.Pos) {
	if n == 0 {
		return
	}
	k := key{b.id, scope}
	t := c.at[k]
	if t == nil {
		t = &tally{spots: make(map[diag.Pos]int, 1)}
		c.at[k] = t
	}
	t.n += n
	t.spots[pos] += n
}

// atMost counts what is whole already: nothing is kept when it is allowed.
func (c *counter) atMost(b *bound, scope string, n int, pos diag.Pos) {
	if n > b.value {
		c.add(b, scope, n, pos)
	}
}

// pos is the place that adds the most, the first among equals.
func (t *tally) pos() diag.Pos {
	var best diag.Pos
	n := -1
	for p, k := range t.spots {
		if k > n || k == n && p.Compare(best) < 0 {
			best, n = p, k
		}
	}
	return best
}

// over is a scope that has more than it may.
type over struct {
	scope string
	t     *tally
}

// many is how many scopes beyond one bound are reported each by itself; of
// more the worst stands for all.
const many = 3

func (c *counter) report() {
	beyond := map[string][]over{}
	for k, t := range c.at {
		if t.n > c.bounds[k.bound].value {
			beyond[k.bound] = append(beyond[k.bound], over{k.scope, t})
		}
	}
	ids := make([]string, 0, len(beyond))
	for id := range beyond {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		list := beyond[id]
		slices.SortFunc(list, func(x, y over) int { return cmp.Or(cmp.Compare(y.t.n, x.t.n), cmp.Compare(x.scope, y.scope)) })
		if len(list) > many {
			c.say(c.bounds[id], list[0], fmt.Sprintf(" (the most of %d that have too many)", len(list)))
			continue
		}
		for _, o := range list {
			c.say(c.bounds[id], o, "")
		}
	}
}

// say reports one scope beyond a bound.
func (c *counter) say(b *bound, o over, rest string) {
	x := diag.Diagnostic{Pos: o.t.pos(), Severity: diag.Error, Code: "limit", Hint: b.hint, Source: b.fact.Source}
	quota := fmt.Sprintf("%d is the limit", b.value)
	if b.adjustable && (b.max == 0 || o.t.n <= b.max) {
		x.Code = "quota"
		quota = fmt.Sprintf("the quota is %d unless raised", b.value)
		x.Hint = fmt.Sprintf("have it raised to %d, then state that in a file named under facts: limits: {%s: %d}", o.t.n, b.id, o.t.n)
	} else if b.adjustable {
		quota = fmt.Sprintf("the quota is %d and can be raised to %d", b.value, b.max)
	}
	if b.excess.BreaksNetwork() {
		quota += ", beyond it: " + b.excess.String()
	}
	if b.fact.IsUnverified() {
		quota += " (unverified)"
		x.Severity = diag.Warning // recalled figures stop nobody
	}
	x.Summary = fmt.Sprintf("%s has %d %s%s: %s", o.scope, o.t.n, b.unit, rest, quota)
	c.d.Diags.Add(x)
}

// place is an account in a region, as a scope.
func (c *counter) place(a fabric.AccountID, s fabric.SiteID) string {
	site := c.sites[s]
	if site == nil {
		return string(a)
	}
	return fmt.Sprintf("account %q in %s", a, site.Region.Name)
}
