package price

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// The codes of the findings.
const (
	CodeRatio      diag.Code = "traffic-cost"     // a flow costs many times what it would inside one cloud
	CodeBlocked    diag.Code = "traffic-blocked"  // a flow has no way
	CodeCapacity   diag.Code = "traffic-capacity" // peaks exceed what a link carries
	CodeMissing    diag.Code = "price-missing"    // no price known, not in the bill
	CodeUnverified diag.Code = "price-unverified" // lines rest on a recalled fact
	CodeOld        diag.Code = "price-old"        // prices are older than wished
)

// ratio is how many times dearer than an alternative inside one cloud a flow
// may be without a finding.
const ratio = 5

// Age says from when on a price counts as old. The zero Age asks for nothing.
type Age struct {
	Today time.Time
	Days  int
}

// Findings returns what is odd about a network's bill: flows without a way or
// far dearer than inside one cloud, links too small for their peaks, prices
// that are missing, unverified or old.
func Findings(n *fabric.Network, a *atlas.Atlas, t *routes.Tables, b Bill, age Age) diag.List {
	var out diag.List
	p := newPricer(n, a, t)
	for i := range n.Flows {
		f := &n.Flows[i]
		if p.findLost(&out, f, p.shares[i]) {
			continue
		}
		if i < len(b.Flows) {
			p.findRatio(&out, f, b.Flows[i], p.shares[i])
		}
	}
	p.findCapacity(&out)
	for _, m := range b.Missing {
		d := out.Warnf(m.Origin.Pos, "no price of %s%s: %s is not in the bill", m.Item, in(m.Region), m.Object)
		d.Code, d.Hint = CodeMissing, "give the price in a file of your own"
	}
	findUnverified(&out, a, b)
	findOld(&out, b, age)
	return out.Sorted()
}

// findLost reports a flow of which some has no way, and whether that is all.
func (p *pricer) findLost(out *diag.List, f *fabric.Flow, shares []share) bool {
	var v vocab.Volume
	var whys []string
	for i := range shares {
		if s := &shares[i]; s.exit == lost {
			v += s.volume
			if !slices.Contains(whys, s.why) {
				whys = append(whys, s.why)
			}
		}
	}
	if v == 0 {
		return false
	}
	of := v.String()
	if v < f.Monthly {
		of += " of " + f.Monthly.String()
	}
	d := out.Warnf(f.Origin.Pos, "no route leads from %s to %s: %s a month has no way and is not in the bill", f.From.Ref, f.To.Ref, of)
	d.Code, d.Hint = CodeBlocked, strings.Join(whys, "; ")+": connect the two ends, or take the flow out of traffic"
	return v == f.Monthly
}

func in(region string) string {
	if region == "" {
		return ""
	}
	return " in " + region
}

// findRatio compares a flow between sites of clouds with the same volume
// inside the sender's cloud: to its region nearest to the receiver, between
// zones when that is the sender's own.
func (p *pricer) findRatio(out *diag.List, f *fabric.Flow, c FlowCost, shares []share) {
	from, _ := p.n.Site(f.From.Site)
	to, _ := p.n.Site(f.To.Site)
	if !slices.ContainsFunc(shares, func(s share) bool { return len(s.crossings) > 0 }) || !from.Cloud.IsPublic() || !to.Cloud.IsPublic() || c.Amount <= 0 {
		return
	}
	near, ok := nearestTo(p.a, from.Cloud, p.place(to), "")
	if !ok {
		return
	}
	item, times, where := regionItem(from.Cloud), 1.0, "to "+from.Cloud.Title()+" "+near.region
	if near.region == from.Region {
		item, times = zoneItem(from.Cloud)
		where = "between zones of " + from.Cloud.Title() + " " + near.region
	}
	pr, ok := p.a.Price(item, atlas.PriceScope{Region: from.Region, To: near.place})
	if !ok {
		return
	}
	inside := vocab.Dollars(pr.Cost(pr.Per.Quantity(f.Monthly)).Float() * times)
	if c.Amount <= inside*ratio {
		return
	}
	compared := "which is free " + where
	if inside > 0 {
		compared = fmt.Sprintf("%.1f times the %v USD %s", float64(c.Amount)/float64(inside), inside, where)
	}
	d := out.Warnf(f.Origin.Pos, "%v a month from %s to %s costs %v USD (%s USD a GB), %s",
		f.Monthly, f.From.Ref, f.To.Ref, c.Amount, perGB(c.PerGB()), compared)
	d.Code = CodeRatio
	d.Hint = "keep the two ends in one cloud, or look at the other ways of the link with tieline cost"
	d.Source = pr.Fact.Source
}

// perGB rounds a price to a hundredth of a cent.
func perGB(u vocab.USD) string { return fmt.Sprintf("%.4f", u.Float()) }

// findCapacity reports links whose peaks, all at once, exceed their capacity,
// and gateways, hub routers and attachments whose peaks exceed theirs.
func (p *pricer) findCapacity(out *diag.List) {
	said := map[string]bool{}
	for _, k := range p.n.Links {
		if k.Capacity == 0 {
			continue
		}
		_, peaks := p.load(k)
		for dir, r := range peaks {
			if r <= k.Capacity {
				continue
			}
			flows := p.flowsOver(k, dir)
			d := out.Warnf(flows[0].Origin.Pos, "traffic from %s to %s peaks at %v, its link carries %v", k.Sites[dir], k.Sites[1-dir], r, k.Capacity)
			d.Code, d.Hint = CodeCapacity, "ask for the bandwidth on the link, or lower the peak"
			d.Related = append(d.Related, diag.Related{Pos: k.Origin.Pos, Message: "the link " + string(k.ID)})
			d.Related = append(d.Related, others(flows)...)
			for _, end := range p.carries.Ends(&k, dir == 1) {
				if end >= 0 && p.carries.Healthy(end) == (capacity.Room{State: capacity.Bounded, Rate: k.Capacity}) {
					object, _ := p.carries.Object(end)
					said[object] = true
				}
			}
		}
	}
	p.findPlaces(out, said)
}

// findPlaces reports the places whose peaks, all at once, exceed what they
// carry, but for those of which a link says it.
func (p *pricer) findPlaces(out *diag.List, said map[string]bool) {
	for i := range p.carries.Len() {
		place := capacity.Place(i)
		flows := p.flowsThrough(place)
		var sum vocab.Rate
		for _, f := range flows {
			sum += f.peak
		}
		object, origin := p.carries.Object(place)
		if room := p.carries.Healthy(place); room.State != capacity.Bounded || room.Fits(float64(sum)) || said[object] {
			continue
		}
		said[object] = true
		d := out.Warnf(flows[0].Origin.Pos, "traffic through %s peaks at %v, it carries %v", p.carries.Name(place), sum, p.carries.Healthy(place).Rate)
		d.Code, d.Hint = CodeCapacity, "take a larger size, or lower the peak"
		d.Related = append(d.Related, diag.Related{Pos: origin.Pos, Message: "it is of " + object})
		d.Related = append(d.Related, others(flows)...)
	}
}

// flowsThrough returns the flows that pass a place, the largest peak first.
func (p *pricer) flowsThrough(place capacity.Place) []loaded {
	var out []loaded
	for i := range p.n.Flows {
		f := &p.n.Flows[i]
		part := 0.0
		for k := range p.shares[i] {
			s := &p.shares[i][k]
			for _, x := range s.passed {
				if x == place && s.exit != lost && f.From.Site != "" {
					part += s.part
				}
			}
		}
		if r := vocab.Rate(math.Round(float64(peak(f)) * part)); r > 0 {
			out = append(out, loaded{f, r})
		}
	}
	slices.SortStableFunc(out, func(x, y loaded) int { return cmp.Compare(y.peak, x.peak) })
	return out
}

// others names the flows beside the first.
func others(flows []loaded) []diag.Related {
	var out []diag.Related
	for _, f := range flows[1:] {
		out = append(out, diag.Related{Pos: f.Origin.Pos, Message: fmt.Sprintf("with %s to %s, %v", f.From.Ref, f.To.Ref, f.peak)})
	}
	return out
}

// loaded is a flow over a link with its part of the peak there.
type loaded struct {
	*fabric.Flow
	peak vocab.Rate
}

// flowsOver returns the flows that cross a link in a direction, the largest
// peak first.
func (p *pricer) flowsOver(k fabric.Link, dir int) []loaded {
	var out []loaded
	for i := range p.n.Flows {
		if _, r := p.over(i, k, dir); r > 0 {
			out = append(out, loaded{&p.n.Flows[i], r})
		}
	}
	slices.SortStableFunc(out, func(x, y loaded) int { return cmp.Compare(y.peak, x.peak) })
	return out
}

// findUnverified adds one note for each recalled fact, at the first line that
// rests on it.
func findUnverified(out *diag.List, a *atlas.Atlas, b Bill) {
	sums := map[string]vocab.USD{}
	var firsts []Line
	for _, l := range b.Lines {
		if !l.IsUnverified() {
			continue
		}
		if _, ok := sums[l.FactID]; !ok {
			firsts = append(firsts, l)
		}
		sums[l.FactID] += l.Amount
	}
	for _, l := range firsts {
		f, _ := a.Fact(l.FactID)
		what := "the price"
		if !f.IsUnverified() {
			what = "the rule behind the price"
		}
		d := out.Notef(l.Origin.Pos, "%v USD a month (%s) rest on %s %s, which is unverified", sums[l.FactID], l.Item, what, l.FactID)
		d.Code, d.Hint, d.Source = CodeUnverified, cmp.Or(f.Note, l.Note), l.Source
	}
}

// findOld adds one note that names the prices older than an age.
func findOld(out *diag.List, b Bill, age Age) {
	if age.Days <= 0 || age.Today.IsZero() {
		return
	}
	limit := age.Today.AddDate(0, 0, -age.Days)
	oldest, ids := "", []string{}
	for _, l := range b.Lines {
		end, ok := endOf(l.AsOf)
		if !ok || end.After(limit) {
			continue
		}
		ids = append(ids, l.FactID)
		if old, _ := endOf(oldest); oldest == "" || end.Before(old) {
			oldest = l.AsOf
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return
	}
	d := out.Notef(diag.Pos{}, "prices of the bill older than %d days: %d, the oldest of %s", age.Days, len(ids), oldest)
	d.Code, d.Hint = CodeOld, strings.Join(ids, ", ")
}

// endOf returns the last day that the date of a source can mean: 2026,
// 2026-04 or 2026-04-17.
func endOf(asOf string) (time.Time, bool) {
	if t, err := time.Parse(time.DateOnly, asOf); err == nil {
		return t, true
	}
	if t, err := time.Parse("2006-01", asOf); err == nil {
		return t.AddDate(0, 1, -1), true
	}
	if t, err := time.Parse("2006", asOf); err == nil {
		return t.AddDate(1, 0, -1), true
	}
	return time.Time{}, false
}
