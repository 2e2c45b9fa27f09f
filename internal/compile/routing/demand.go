// Package routing decides which sites reach which, and how: paths over links,
// what gateways announce, which route tables there are and what stands in
// them. It computes no BGP: what the clouds' control planes make of it
// is not worked out here.
package routing

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Demand resolves the expected traffic, finds the links that carry it, and
// sums each pair's peak, which sizes gateways and tunnels.
func Demand(d *draft.Draft) {
	paths := newPaths(d)
	pair := map[fabric.LinkID]int{}
	for k := range d.Pairs {
		pair[d.Pairs[k].Link] = k
	}
	type dir struct {
		link fabric.LinkID
		from fabric.SiteID
	}
	peaks := map[dir]vocab.Rate{}
	for i := range d.Spec.Traffic {
		in := &d.Spec.Traffic[i]
		f := fabric.Flow{Origin: draft.Origin(in.Pos, fmt.Sprintf("traffic[%d]", i)), Monthly: in.Monthly.V, Peak: in.Peak.V}
		if !in.Peak.IsSet() {
			f.Peak = meanRate(in.Monthly.V) * peakToMean
		}
		from, ok1 := end(d, in.From)
		to, ok2 := end(d, in.To)
		if !ok1 || !ok2 {
			continue
		}
		f.From, f.To = from, to
		if from.Site != "" && to.Site != "" {
			// Gateways and tunnels are sized for the shortest way over links,
			// before there are tables.
			sites, _ := paths.between(from.Site, to.Site)
			for k := 1; k < len(sites); k++ {
				peaks[dir{fabric.LinkBetween(sites[k-1], sites[k]), sites[k-1]}] += f.Peak
			}
		}
		d.Net.Flows = append(d.Net.Flows, f)
	}
	for k := range d.Pairs {
		p := &d.Pairs[k]
		p.Peak = max(peaks[dir{p.Link, d.Sites[p.A].ID}], peaks[dir{p.Link, d.Sites[p.B].ID}])
	}
}

// peakToMean is what a peak rate is taken as where the spec states only the
// volume a month.
const peakToMean = 3

// meanRate spreads a month's volume over the month that prices are of.
func meanRate(v vocab.Volume) vocab.Rate {
	const secondsPerMonth = atlas.HoursPerMonth * 3600
	return vocab.Rate(int64(v) / secondsPerMonth * 8)
}

// end resolves one end of expected traffic, which must lie at one site.
func end(d *draft.Draft, ref spec.Value[spec.Ref]) (fabric.FlowEnd, bool) {
	t, err := d.Index.Resolve(ref.V)
	if err != nil {
		return fabric.FlowEnd{}, false // reported by package spec
	}
	out := fabric.FlowEnd{Ref: ref.V.String(), Internet: t.Internet, Prefixes: t.Prefixes}
	sites := map[fabric.SiteID]bool{}
	for _, sn := range t.Subnets {
		s := &d.Spec.Sites[sn.Site]
		sites[fabric.SiteID(s.Name)] = true
		out.Subnets = append(out.Subnets, fabric.SubnetID(fmt.Sprintf("%s/%s/%s", s.Name, s.Networks[sn.Network].Name, s.Networks[sn.Network].Subnets[sn.Subnet].Name)))
	}
	for _, n := range t.Networks {
		sites[fabric.SiteID(d.Spec.Sites[n.Site].Name)] = true
	}
	for _, s := range t.Sites {
		sites[fabric.SiteID(d.Spec.Sites[s].Name)] = true
	}
	for _, p := range t.Prefixes {
		for i := range d.Sites {
			for _, q := range d.Sites[i].Prefixes {
				if q.Overlaps(p) && len(t.Subnets)+len(t.Networks)+len(t.Sites) == 0 {
					sites[d.Sites[i].ID] = true
				}
			}
		}
	}
	if len(sites) > 1 {
		e := d.Diags.Errorf(ref.Pos, "%q is at %d sites: traffic needs one at each end", out.Ref, len(sites))
		e.Code, e.Hint = "traffic-end", "write site:segment, for example "+firstSite(sites)+":"+out.Ref
		return out, false
	}
	for s := range sites {
		out.Site = s
	}
	return out, true
}

func firstSite(m map[fabric.SiteID]bool) string {
	var all []fabric.SiteID
	for s := range m {
		all = append(all, s)
	}
	return string(slices.Min(all))
}
