package audit

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/ways"
	"github.com/tieline/tieline/internal/vocab"
)

// way is where packets of the policy go, one direction, healthy: from a table
// to addresses that every table of the network treats alike.
type way struct {
	from, to fabric.SiteID // to is empty for what lies outside of the network
	table    int
	addr     netip.Addr
	rules    []int           // indexes into Network.Policy, rising
	links    []fabric.LinkID // crossed by some equal-cost path, sorted
	rtt      atlas.RTT       // milliseconds, of the longest path: expected, and between what it is
	rttKnown bool
	arrives  bool // by every path, inside the network
	cut      bool // there are more paths than were followed; those that were arrive
	internet bool // by some path out to the internet
}

// spot is where packets of one end of a rule begin or end.
type spot struct {
	site  fabric.SiteID
	vpc   fabric.VPCID
	table int // they send by; -1 when it is not known
	addr  netip.Addr
}

// wayBuilder traces each pair of table and address once.
type wayBuilder struct {
	u     *auditor
	atoms prefix.Table[struct{}] // the prefixes of every route of every table
	index map[wayKey]int
	out   []way
}

type wayKey struct {
	from  fabric.SiteID
	table int
	atom  netip.Prefix // the longest route of all tables that holds the address
	vpc   fabric.VPCID
	to    fabric.SiteID
}

// ways returns the ways of all rules of the policy, sorted by ends and address.
func (u *auditor) ways() []way {
	if u.memo.ways != nil {
		return u.memo.ways
	}
	b := u.builder()
	for i := range u.n.Policy {
		r := &u.n.Policy[i]
		from, to := b.spots(r.From, true), b.spots(r.To, false)
		for _, f := range from {
			for _, t := range to {
				b.join(i, f, t)
			}
		}
	}
	slices.SortFunc(b.out, func(x, y way) int {
		return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to), cmp.Compare(x.table, y.table), x.addr.Compare(y.addr))
	})
	u.memo.ways = b.out
	return b.out
}

// builder returns what traces ways, with the prefixes that tables tell apart.
func (u *auditor) builder() *wayBuilder {
	if u.memo.builder == nil {
		b := &wayBuilder{u: u, index: map[wayKey]int{}, out: []way{}}
		b.cut()
		u.memo.builder = b
	}
	return u.memo.builder
}

// cut collects the prefixes that some table tells apart.
func (b *wayBuilder) cut() {
	done := map[*routes.Routes]bool{}
	for i := range b.u.p.Tables.Tables {
		t := &b.u.p.Tables.Tables[i]
		for _, rs := range []*routes.Routes{t.Own, t.Learned} {
			if rs == nil || done[rs] {
				continue
			}
			done[rs] = true
			for _, r := range rs.All() {
				b.atoms.Insert(r.Prefix, struct{}{})
			}
		}
	}
}

// addrs returns an address of each piece of a prefix that routes tell apart.
func (b *wayBuilder) addrs(p netip.Prefix) []netip.Addr {
	rest := prefix.FromPrefixes(p)
	var out []netip.Addr
	for q := range b.atoms.Covered(p) {
		if q == p {
			continue
		}
		out = append(out, inner(q))
		rest = rest.Subtract(prefix.FromPrefixes(q))
	}
	if list := rest.Prefixes(); len(list) > 0 {
		out = append(out, inner(list[0]))
	}
	return out
}

// inner returns an address inside a prefix that clouds give to machines.
func inner(p netip.Prefix) netip.Addr {
	if a, ok := prefix.NthAddr(p, 10); ok && p.Contains(a) {
		return a
	}
	return p.Addr()
}

// spots returns where an end's packets begin (by table) or end (by address),
// one for each that routing can tell apart, in a stable order.
func (b *wayBuilder) spots(ends []fabric.PolicyEnd, source bool) []spot {
	var out []spot
	for _, e := range ends {
		if e.Internet {
			continue
		}
		held := prefix.Set{}
		for _, id := range e.Subnets {
			s, ok := b.u.n.Subnet(id)
			if !ok {
				continue
			}
			held = held.Union(prefix.FromPrefixes(s.Prefix))
			for _, part := range s.Parts {
				out = append(out, b.part(s, part, source)...)
			}
		}
		for _, p := range prefix.FromPrefixes(e.Prefixes...).Subtract(held).Prefixes() {
			out = append(out, b.rest(p, source)...)
		}
	}
	return b.distinct(out, source)
}

func (b *wayBuilder) part(s fabric.Subnet, part fabric.SubnetPart, source bool) []spot {
	at := spot{site: s.Site, vpc: s.VPC, table: b.u.p.Tables.TableOf(s.ID, part.Zone)}
	if source {
		at.addr = inner(part.Prefix)
		return []spot{at}
	}
	var out []spot
	for _, a := range b.addrs(part.Prefix) {
		at.addr = a
		out = append(out, at)
	}
	return out
}

// rest is what an end has beside subnets: sites of one's own, networks that
// are joined and not listed by subnets, foreign ranges.
func (b *wayBuilder) rest(p netip.Prefix, source bool) []spot {
	var out []spot
	left := prefix.FromPrefixes(p)
	for _, s := range b.u.n.Sites {
		mine := prefix.FromPrefixes(s.Prefixes...).Intersect(left)
		if mine.IsEmpty() {
			continue
		}
		left = left.Subtract(mine)
		table := -1
		if s.Cloud == vocab.OnPrem {
			table = b.u.p.Tables.SiteTable(s.ID)
		}
		for _, q := range mine.Prefixes() {
			if source {
				out = append(out, spot{site: s.ID, table: table, addr: inner(q)})
				continue
			}
			for _, a := range b.addrs(q) {
				out = append(out, spot{site: s.ID, table: table, addr: a})
			}
		}
	}
	if source {
		return out
	}
	for _, q := range left.Prefixes() {
		for _, a := range b.addrs(q) {
			out = append(out, spot{table: -1, addr: a})
		}
	}
	return out
}

// distinct drops the spots that another of the same end stands for.
func (b *wayBuilder) distinct(list []spot, source bool) []spot {
	type key struct {
		site  fabric.SiteID
		vpc   fabric.VPCID
		table int
		atom  netip.Prefix
	}
	seen := map[key]bool{}
	var out []spot
	for _, s := range list {
		k := key{site: s.site, vpc: s.vpc, table: s.table}
		if !source {
			k.table, k.atom = 0, b.atom(s.addr)
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, s)
		}
	}
	return out
}

func (b *wayBuilder) atom(a netip.Addr) netip.Prefix {
	p, _, _ := b.atoms.Lookup(a)
	return p
}

// join adds the way from one spot to another for a rule.
func (b *wayBuilder) join(rule int, f, t spot) {
	if f.table < 0 || f.vpc != "" && f.vpc == t.vpc && f.site == t.site {
		return
	}
	k := wayKey{from: f.site, table: f.table, atom: b.atom(t.addr), vpc: t.vpc, to: t.site}
	i, ok := b.index[k]
	if !ok {
		i = len(b.out)
		b.index[k] = i
		b.out = append(b.out, b.trace(f, t))
	}
	w := &b.out[i]
	if n := len(w.rules); n == 0 || w.rules[n-1] != rule {
		w.rules = append(w.rules, rule)
	}
}

func (b *wayBuilder) trace(f, t spot) way {
	w := way{from: f.site, to: t.site, table: f.table, addr: t.addr, rttKnown: true, arrives: true}
	paths, complete := b.u.p.Tables.Trace(f.table, t.addr)
	w.arrives = len(paths) > 0
	for _, p := range paths {
		w.arrives = w.arrives && p.Outcome == routes.Delivered
		w.internet = w.internet || p.Outcome == routes.ToInternet
		w.links = append(w.links, ways.Links(&p)...)
		r, ok := ways.RoundTrip(b.u.p.Tables, b.u.a, &p, t.site)
		w.rttKnown = w.rttKnown && ok
		w.rtt.MS, w.rtt.Low, w.rtt.High = max(w.rtt.MS, r.MS), max(w.rtt.Low, r.Low), max(w.rtt.High, r.High)
	}
	w.arrives, w.cut = w.arrives && complete, w.arrives && !complete
	slices.Sort(w.links)
	w.links = slices.Compact(w.links)
	return w
}
