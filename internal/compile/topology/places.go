// Package topology decides the shape: which accounts, sites and VPCs there
// are, which pairs of sites are joined and how, and which gateway each site
// gets. It gives no addresses and makes no tunnels.
package topology

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Places makes accounts, segments and sites: regions and zones are looked up,
// environments and tags inherited.
func Places(d *draft.Draft) {
	s := d.Spec
	d.Net.Name = s.Name.V
	d.Net.Environment = s.Environment.V
	d.Net.Tags = tags(nil, s.Environment, s.Tags)
	if s.Terraform.Layout.Or("single") == "stacks" {
		d.Net.Layout = fabric.Stacks
	}
	for _, a := range s.Accounts {
		d.Net.Accounts = append(d.Net.Accounts, fabric.Account{
			ID: fabric.AccountID(a.Name), Cloud: a.Cloud.V,
			Native: a.ID.V + a.Project.V + a.Subscription.V, Tenant: a.Tenant.V, AssumeRole: a.AssumeRole.V,
			Origin: draft.Origin(a.Pos, "accounts."+a.Name),
		})
	}
	for _, g := range s.Segments {
		d.Net.Segments = append(d.Net.Segments, fabric.Segment{
			ID: fabric.SegmentID(g.Name), Origin: draft.Origin(g.Pos, "segments."+g.Name),
			InternalDeny: g.Internal.Or("allow") == "deny", Environment: g.Environment.V, Description: g.Description.V,
		})
	}
	for i := range s.Sites {
		site(d, i)
	}
}

func site(d *draft.Draft, i int) {
	in := &d.Spec.Sites[i]
	out := draft.Site{
		ID: fabric.SiteID(in.Name), Cloud: in.Cloud.V, Spec: in,
		Tags: tags(d.Net.Tags, in.Environment, in.Tags),
	}
	fs := fabric.Site{
		ID: out.ID, Cloud: out.Cloud, Tags: out.Tags,
		Environment: in.Environment.Or(d.Net.Environment),
	}
	path := "sites." + in.Name
	switch in.Cloud.V {
	case vocab.AWS, vocab.GCP, vocab.Azure:
		r, ok := d.Atlas.Region(in.Cloud.V, in.Region.V)
		if !ok {
			e := d.Diags.Errorf(in.Region.Pos, "%s has no region %q", in.Cloud.V.Title(), in.Region.V)
			e.Code = "unknown-region"
			if near := d.Atlas.NearRegions(in.Cloud.V, in.Region.V); len(near) > 0 {
				e.Hint = "near it: " + strings.Join(near, ", ")
			}
		}
		out.Region = r
		if a, ok := d.Index.SiteAccount(i); ok {
			out.Account = fabric.AccountID(d.Spec.Accounts[a].Name)
		}
		out.Zones = zones(d, in, r)
		fs.Region, fs.City, fs.Lat, fs.Lon = in.Region.V, r.City, r.Lat, r.Lon
	case vocab.OnPrem:
		fs.City = in.City.V
		if in.City.IsSet() {
			p, ok := d.Atlas.Place(in.City.V)
			if !ok {
				e := d.Diags.Warnf(in.City.Pos, "city %q is not known: no latency estimate", in.City.V)
				e.Code = "unknown-city"
				e.Hint = diag.Suggest(in.City.V, d.Atlas.Cities())
			}
			fs.Lat, fs.Lon = p.Lat, p.Lon
		}
	case vocab.Exchange:
		e := d.Diags.Errorf(in.Cloud.Pos, "not supported yet: exchange sites (they come with private circuits)")
		e.Code = "not-supported"
	}
	fs.Zones = out.Zones
	fs.Meta = out.Meta(in.Pos, path)
	d.Net.Sites = append(d.Net.Sites, fs)
	d.Sites = append(d.Sites, out)
}

// zones picks the zones of a site: those pinned, else the first so many of
// the region; GCP and Azure subnets span all zones.
func zones(d *draft.Draft, in *spec.Site, r atlas.Region) []string {
	var known []string
	for _, z := range r.Zones {
		known = append(known, string(z))
	}
	if in.Cloud.V != vocab.AWS {
		for _, v := range append(in.ZoneIDs, spec.Value[string]{Pos: in.Zones.Pos}) {
			if v.IsSet() {
				d.Diags.Errorf(v.Pos, "zones are for AWS sites: subnets of %s span all zones of their region", in.Cloud.V.Title()).Code = "zones"
			}
		}
		return known
	}
	if len(in.ZoneIDs) > 0 {
		var out []string
		for _, z := range in.ZoneIDs {
			if len(known) > 0 && !slices.Contains(known, z.V) {
				e := d.Diags.Errorf(z.Pos, "%s has no zone id %q", in.Region.V, z.V)
				e.Code = "zones"
				e.Hint = "zone ids there: " + strings.Join(known, ", ")
				continue
			}
			out = append(out, z.V)
		}
		return out
	}
	n := in.Zones.Or(2)
	pos := in.Zones.Pos
	if !in.Zones.IsSet() {
		pos = in.Pos
	}
	if n < 1 || (len(known) > 0 && n > len(known)) {
		e := d.Diags.Errorf(pos, "site %q asks for %d zones: %s has %d", in.Name, n, in.Region.V, len(known))
		e.Code = "zones"
		e.Hint = "zone ids there: " + strings.Join(known, ", ")
		return known
	}
	if len(known) == 0 {
		if r.Name != "" {
			e := d.Diags.Errorf(pos, "the zone ids of %s are not known", in.Region.V)
			e.Code, e.Hint = "zones", "state them: zone_ids: [...]"
		}
		return nil
	}
	return known[:n]
}

// tags joins tags: those of the inner object over the outer's.
func tags(outer []fabric.Tag, env spec.Value[string], inner []spec.Tag) []fabric.Tag {
	out := slices.Clone(outer)
	set := func(k, v string) {
		for i := range out {
			if out[i].Key == k {
				out[i].Value = v
				return
			}
		}
		out = append(out, fabric.Tag{Key: k, Value: v})
	}
	if env.IsSet() {
		set("environment", env.V)
	}
	for _, t := range inner {
		set(t.Name, t.Value.V)
	}
	slices.SortFunc(out, func(a, b fabric.Tag) int { return strings.Compare(a.Key, b.Key) })
	return out
}
