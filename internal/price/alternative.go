package price

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// LinkOptions compares the ways to carry the traffic of one link. Only what
// differs between them is compared: processing that each way pays alike
// (transit gateway data, peering with the hub) is in Common.
type LinkOptions struct {
	Link    fabric.LinkID
	Sites   [2]fabric.SiteID
	Volumes [2]vocab.Volume // a month, sent by each of Sites
	Need    vocab.Rate      // the larger direction's peak (its average where none is stated), or what the link asks for
	Common  vocab.USD       // of the link in the bill, the same whichever way
	Options []Option        // the present way first, then by total, unpriced last
	Notes   []string
}

// Month returns what the link costs a month by an option: of the present way
// what the bill has for the link.
func (l LinkOptions) Month(o Option) vocab.USD {
	if o.Spares {
		return o.Total
	}
	return o.Total + l.Common
}

// Option is one way to carry a link's traffic.
type Option struct {
	Name        string
	Present     bool
	Spares      bool      // it pays nothing of what is common
	Priced      bool      // false when a price is not known: see Why
	Fixed       vocab.USD // a month
	PerGB       vocab.USD // average of 1e9 bytes at this volume; at 1 TB each way where the link has no traffic
	Variable    vocab.USD // a month at this volume
	Total       vocab.USD
	Capacity    vocab.Rate // one way; 0 when not bound
	Feasible    bool
	Why         string // it is not feasible, or not priced
	BreakEven   vocab.Volume
	Breaks      Break
	NotIncluded []string // what else it costs that the atlas does not know
	Note        string
	Mark        atlas.Mark
	Facts       []string // ids, sorted
}

// Break says on which side of its break-even volume an option is cheaper than
// the present way, the mix of directions being as it is (half and half where
// there is no traffic), up to what the option carries at full load.
type Break uint8

// The cases. BreakEven is set for the first two.
const (
	CheaperAbove Break = iota + 1
	CheaperBelow
	AlwaysCheaper
	NeverCheaper
)

// String gives the words for people.
func (b Break) String() string {
	switch b {
	case CheaperAbove:
		return "cheaper above"
	case CheaperBelow:
		return "cheaper below"
	case AlwaysCheaper:
		return "always cheaper"
	case NeverCheaper:
		return "never cheaper"
	}
	return ""
}

// way is an option being made: what it costs as a function of the volumes.
type way struct {
	Option
	facts    []atlas.Fact
	variable func(volumes [2]vocab.Volume) vocab.USD
}

// Alternatives compares for each link of a network what its traffic costs and
// would cost by the other ways known.
func Alternatives(n *fabric.Network, a *atlas.Atlas, t *routes.Tables) []LinkOptions {
	p := newPricer(n, a, t)
	bill := p.compute()
	lines := map[fabric.LinkID][]Line{}
	common := map[fabric.LinkID]vocab.USD{}
	for i, l := range bill.Lines {
		lines[l.Link] = append(lines[l.Link], l)
		if l.IsTraffic() && !p.carrying[i] {
			common[l.Link] += l.Amount
		}
	}
	out := make([]LinkOptions, 0, len(n.Links))
	for _, k := range n.Links {
		out = append(out, p.options(k, lines[k.ID], common[k.ID]))
	}
	return out
}

// options makes the comparison of one link from its lines in the bill.
func (p *pricer) options(k fabric.Link, lines []Line, common vocab.USD) LinkOptions {
	o := LinkOptions{Link: k.ID, Sites: k.Sites, Common: common}
	var peaks [2]vocab.Rate
	o.Volumes, peaks = p.load(k)
	o.Need = max(k.Asked, peaks[0], peaks[1])
	ways := []way{p.present(k, lines, o.Volumes)}
	ways = append(ways, p.others(k, o.Need, o.Volumes, ways[0])...)
	now := &ways[0]
	for i := range ways {
		w := &ways[i]
		w.finish(o.Volumes, o.Need, now)
		o.Options = append(o.Options, w.Option)
	}
	slices.SortStableFunc(o.Options, func(x, y Option) int {
		switch {
		case x.Present != y.Present:
			return order(x.Present)
		case x.Priced != y.Priced:
			return order(x.Priced)
		}
		return cmp.Compare(o.Month(x), o.Month(y))
	})
	if p.spread(k) {
		o.Notes = append(o.Notes, "A gateway that serves several links is in none of their options: dropping one link does not save it.")
	}
	return o
}

func order(first bool) int {
	if first {
		return -1
	}
	return 1
}

// spread reports whether a gateway of the link is billed and serves others too.
func (p *pricer) spread(k fabric.Link) bool {
	for _, id := range k.Gateways {
		g, _ := p.n.Gateway(id)
		if g.Kind == fabric.VPNGateway && len(p.linksOf[id]) > 1 {
			return true
		}
	}
	return false
}

// load returns a link's volumes and peaks in each direction, summed over its
// flows; a flow without a peak counts with its average.
func (p *pricer) load(k fabric.Link) (volumes [2]vocab.Volume, peaks [2]vocab.Rate) {
	for i := range p.n.Flows {
		for dir := range k.Sites {
			v, r := p.over(i, k, dir)
			volumes[dir] += v
			peaks[dir] += r
		}
	}
	return volumes, peaks
}

// over is what of a flow crosses a link in a direction, with its part of the
// flow's peak.
func (p *pricer) over(flow int, k fabric.Link, dir int) (vocab.Volume, vocab.Rate) {
	f := &p.n.Flows[flow]
	if f.From.Site == "" {
		return 0, 0
	}
	var v vocab.Volume
	part := 0.0
	for i := range p.shares[flow] {
		s := &p.shares[flow][i]
		for _, c := range s.crossings {
			if c.link.ID == k.ID && c.from.ID == k.Sites[dir] && s.exit != lost {
				v += s.volume
				part += s.part
			}
		}
	}
	return v, vocab.Rate(math.Round(float64(peak(f)) * part))
}

// peak returns a flow's peak, at least its average over the month.
func peak(f *fabric.Flow) vocab.Rate {
	return max(f.Peak, vocab.Rate(math.Round(float64(f.Monthly)*8/(atlas.HoursPerMonth*3600))))
}

// finish prices a way at the present volumes and compares it with the present one.
func (w *way) finish(volumes [2]vocab.Volume, need vocab.Rate, now *way) {
	w.Mark, w.Facts = w.Mark.Weaker(weakest(w.facts)), factIDs(w.facts)
	w.Feasible = w.Priced && (w.Capacity == 0 || w.Capacity >= need)
	if w.Priced && !w.Feasible {
		w.Why = fmt.Sprintf("carries %v, %v is needed", w.Capacity, need)
	}
	if !w.Priced {
		return
	}
	w.Variable = w.variable(volumes)
	w.Total = w.Fixed + w.Variable
	mix := volumes
	if mix == [2]vocab.Volume{} {
		mix = [2]vocab.Volume{vocab.TB, vocab.TB}
	}
	w.PerGB = vocab.Dollars(w.variable(mix).Float() / (mix[0] + mix[1]).GB())
	if w.Present {
		return
	}
	w.BreakEven, w.Breaks = breakEven(mix, w.most(mix), func(v [2]vocab.Volume) vocab.USD { return w.Fixed + w.variable(v) },
		func(v [2]vocab.Volume) vocab.USD { return now.Fixed + now.variable(v) })
}

// most returns the volume, both directions together, that a way carries in a
// month at full load, at most 100 PB.
func (w *way) most(mix [2]vocab.Volume) vocab.Volume {
	const bound = 100 * vocab.PB
	if w.Capacity == 0 {
		return bound
	}
	oneWay := float64(w.Capacity) / 8 * atlas.HoursPerMonth * 3600
	return vocab.Volume(min(float64(bound), oneWay*float64(mix[0]+mix[1])/float64(max(mix[0], mix[1]))))
}

// breakEven finds the smallest monthly volume, both directions together, at
// which the cheaper of two ways changes.
func breakEven(mix [2]vocab.Volume, most vocab.Volume, other, now func([2]vocab.Volume) vocab.USD) (vocab.Volume, Break) {
	whole := mix[0] + mix[1]
	at := func(total float64) [2]vocab.Volume {
		first := vocab.Volume(total * (float64(mix[0]) / float64(whole)))
		return [2]vocab.Volume{first, vocab.Volume(total) - first}
	}
	cheaper := func(total float64) bool { return other(at(total)) < now(at(total)) }
	atStart := cheaper(0)
	lo, hi, end := 0.0, float64(vocab.GB), float64(most)
	for hi < end && cheaper(hi) == atStart {
		lo, hi = hi, hi*1.1
	}
	if hi >= end {
		hi = end
		switch {
		case cheaper(end) != atStart:
		case atStart:
			return 0, AlwaysCheaper
		default:
			return 0, NeverCheaper
		}
	}
	for hi-lo > float64(vocab.MB) {
		if mid := (lo + hi) / 2; cheaper(mid) == atStart {
			lo = mid
		} else {
			hi = mid
		}
	}
	v := vocab.Volume(math.Round(hi/float64(vocab.GB))) * vocab.GB
	if atStart {
		return v, CheaperBelow
	}
	return v, CheaperAbove
}

// present is the way as it is: the link's own lines, its transport as a
// function of volume.
func (p *pricer) present(k fabric.Link, lines []Line, volumes [2]vocab.Volume) way {
	w := way{Option: Option{Name: k.Kind.String() + ", as it is", Present: true, Priced: true, Capacity: k.Capacity}}
	for _, l := range lines {
		if l.IsTraffic() {
			continue
		}
		w.Fixed += l.Amount
		w.Mark = w.Mark.Weaker(l.Mark)
		if f, ok := p.a.Fact(l.FactID); ok {
			w.facts = append(w.facts, f)
		}
	}
	w.carry(p, k, k.Kind, volumes)
	return w
}

// carry gives a way the cost of its traffic as by a kind of link. In the
// graded prices the rest of the network's egress stays as it is.
func (w *way) carry(p *pricer, k fabric.Link, kind fabric.LinkKind, volumes [2]vocab.Volume) {
	ends := p.ends(k)
	var parts [2][]transportPart
	for dir := range ends {
		parts[dir] = p.transportParts(k, kind, ends[dir], ends[1-dir])
		for _, t := range parts[dir] {
			w.facts = append(w.facts, t.price.Fact)
			if t.missing != "" {
				w.Priced, w.Why = false, "no price of "+string(t.missing)
			}
		}
	}
	if k.Kind != fabric.VPN && k.Kind != fabric.OverlayLink {
		volumes = [2]vocab.Volume{} // it is in no pool yet
	}
	w.variable = func(v [2]vocab.Volume) vocab.USD { return p.carried(parts, volumes, v) }
}

// ends returns a link's two sites.
func (p *pricer) ends(k fabric.Link) [2]fabric.Site {
	var out [2]fabric.Site
	for i, id := range k.Sites {
		out[i], _ = p.n.Site(id)
	}
	return out
}

// transportPart is one price that a GB in one direction pays.
type transportPart struct {
	price   atlas.Price
	graded  bool
	missing atlas.PriceItem
}

// transportParts asks what the transport of a direction is billed by.
func (p *pricer) transportParts(k fabric.Link, kind fabric.LinkKind, from, to fabric.Site) []transportPart {
	probe := &pricer{
		n: p.n, a: p.a, t: p.t, linksOf: p.linksOf, attached: p.attached,
		lacking: map[lack]bool{}, noted: map[string]bool{}, carrying: map[int]bool{},
	}
	k.Kind = kind
	probe.transport(Line{Flow: 1}, k, from, to, vocab.TB)
	var out []transportPart
	for _, l := range probe.bill.Lines {
		pr, _ := p.a.Price(l.Price, atlas.PriceScope{Region: p.regionOf(l.Site, from), To: p.place(to)})
		graded := len(probe.pools) > 0
		if graded {
			pr = probe.pools[0].price
		}
		out = append(out, transportPart{price: pr, graded: graded})
	}
	for _, m := range probe.bill.Missing {
		out = append(out, transportPart{missing: m.Item})
	}
	return out
}

// regionOf returns the region of the site that a line names, else of a default.
func (p *pricer) regionOf(id fabric.SiteID, otherwise fabric.Site) string {
	if s, ok := p.n.Site(id); ok {
		return s.Region
	}
	return otherwise.Region
}

// carried prices volumes v by the parts of each direction. was are the link's
// volumes in the network as it is: they are taken out of the pools first.
func (p *pricer) carried(parts [2][]transportPart, was, v [2]vocab.Volume) vocab.USD {
	var sum vocab.USD
	for dir := range parts {
		for _, t := range parts[dir] {
			q := t.price.Per.Quantity(v[dir])
			if !t.graded {
				sum += t.price.Unit().Times(q)
				continue
			}
			sum += p.gradedShare(t.price, dir, parts, was, v)
		}
	}
	return sum
}

// gradedShare is one direction's share of its pool when the link carries v
// instead of was.
func (p *pricer) gradedShare(pr atlas.Price, dir int, parts [2][]transportPart, was, v [2]vocab.Volume) vocab.USD {
	q := pr.Per.Quantity(v[dir])
	if q == 0 {
		return 0
	}
	cloud := pr.Item.Cloud()
	class, whole := p.poolQuantity(pr), p.cloudEgress(cloud)
	for d := range parts {
		for _, t := range parts[d] {
			if !t.graded || t.price.Item.Cloud() != cloud {
				continue
			}
			delta := t.price.Per.Quantity(v[d]) - t.price.Per.Quantity(was[d])
			whole += delta
			if t.price.Fact.ID == pr.Fact.ID {
				class += delta
			}
		}
	}
	return cost(graded(pr, class, whole, free(p.a, cloud))).Times(q / class)
}

// poolQuantity returns what the network as it is has in a price's pool.
func (p *pricer) poolQuantity(pr atlas.Price) float64 {
	for _, q := range p.pools {
		if q.price.Fact.ID == pr.Fact.ID {
			return q.quantity
		}
	}
	return 0
}
