package ipam

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// publish writes the addresses into the network: blocks, VPCs, subnets, and
// what each site announces.
func (p *plan) publish() {
	d := p.d
	d.Net.Pools = p.pools
	for _, r := range d.Spec.Addressing.Reserved {
		d.Net.Reserved = append(d.Net.Reserved, fabric.Reserved{Prefix: r.CIDR.V, For: r.For.V, Origin: draft.Origin(r.Pos, "addressing.reserved")})
	}
	nets := map[*draft.VPC]*block{}
	for _, c := range p.clouds {
		if c.got.IsValid() {
			d.Net.Blocks = append(d.Net.Blocks, fabric.Block{Key: c.key, Cloud: c.cloud, Prefix: c.got, Pinned: c.pin.IsValid(), Origin: draft.Origin(c.pos, "addressing")})
		}
		for _, s := range c.children {
			if s.got.IsValid() {
				d.Net.Blocks = append(d.Net.Blocks, fabric.Block{Key: s.key, Cloud: s.cloud, Site: s.site.ID, Prefix: s.got, Pinned: s.pin.IsValid(), Origin: draft.Origin(s.pos, "sites."+string(s.site.ID))})
			}
			for _, n := range s.children {
				if n.vpc != nil {
					nets[n.vpc] = n
					n.vpc.Prefix = n.got
				}
			}
		}
	}
	for i := range d.Sites {
		p.publishSite(i, nets)
	}
}

func (p *plan) publishSite(i int, nets map[*draft.VPC]*block) {
	d := p.d
	s := &d.Sites[i]
	fs := &d.Net.Sites[i]
	var all []netip.Prefix
	for _, b := range d.Net.Blocks {
		if b.Site == s.ID {
			fs.Block = b.Prefix
			all = append(all, b.Prefix)
		}
	}
	for _, c := range s.Spec.CIDRs {
		if c.V.Addr().Is6() {
			d.Diags.Errorf(c.Pos, "not supported yet: IPv6 prefix %s on-prem (tunnels of all three clouds are rendered for IPv4)", c.V).Code = "ipv6"
			continue
		}
		all = append(all, c.V)
	}
	for _, v := range s.VPCs {
		if v.Existing() {
			for _, c := range v.Spec.CIDRs {
				all = append(all, c.V)
			}
		} else if v.Prefix.IsValid() {
			all = append(all, v.Prefix)
		}
		p.publishVPC(s, v, nets[v])
	}
	if s.Gateway == fabric.VirtualHub {
		for _, b := range p.cloudOf(s).children {
			if b.site != s {
				continue
			}
			for _, n := range b.children {
				if n.vpc == nil {
					all = append(all, n.got)
				}
			}
		}
	}
	fs.Prefixes = prefix.Aggregate(all)
	s.Prefixes = fs.Prefixes
}

func (p *plan) cloudOf(s *draft.Site) *block {
	for _, c := range p.clouds {
		if c.cloud == s.Cloud {
			return c
		}
	}
	return &block{}
}

func (p *plan) publishVPC(s *draft.Site, v *draft.VPC, nb *block) {
	path := fmt.Sprintf("sites.%s.networks.%s", s.ID, v.Name)
	var prefixes []netip.Prefix
	switch {
	case v.Existing():
		for _, c := range v.Spec.CIDRs {
			prefixes = append(prefixes, c.V)
		}
	case v.Prefix.IsValid():
		prefixes = []netip.Prefix{v.Prefix}
	}
	fv := p.vpc(s, v, path)
	fv.Sites = append(fv.Sites, s.ID)
	if v.Spec != nil {
		for _, a := range v.Spec.Share {
			if id := fabric.AccountID(a.V); !slices.Contains(fv.SharedWith, id) {
				fv.SharedWith = append(fv.SharedWith, id)
			}
		}
		slices.Sort(fv.SharedWith)
	}
	fv.Prefixes = prefix.Aggregate(append(fv.Prefixes, prefixes...))
	for _, x := range prefixes {
		fv.Blocks = append(fv.Blocks, fabric.SiteBlock{Site: s.ID, Prefix: x})
	}
	if v.Existing() {
		for _, a := range v.Spec.AttachSubnets {
			fv.AttachSubnets = append(fv.AttachSubnets, a.V)
		}
		for k := range v.Subnets {
			pin := v.Spec.GatewayCIDR.V
			if v.Subnets[k].Spec != nil {
				pin = v.Subnets[k].Spec.CIDR.V
			}
			p.subnet(s, v, &v.Subnets[k], pin)
		}
		return
	}
	if nb == nil {
		return
	}
	for _, kb := range nb.children {
		if kb.got.IsValid() {
			p.subnet(s, v, &v.Subnets[kb.subnet], kb.got)
		}
	}
}

// vpc returns the network's VPC, made when it is not there yet: a GCP VPC is
// met once a site.
func (p *plan) vpc(s *draft.Site, v *draft.VPC, path string) *fabric.VPC {
	d := p.d
	for k := range d.Net.VPCs {
		if d.Net.VPCs[k].ID == v.ID {
			return &d.Net.VPCs[k]
		}
	}
	meta := s.Meta(v.Pos, path)
	meta.Account = v.Account
	fv := fabric.VPC{ID: v.ID, Meta: meta, Cloud: s.Cloud, Name: v.Name, Role: v.Role, Environment: v.Env, Tags: v.Tags}
	if v.Existing() {
		fv.Existing = v.Spec.Existing.V
	}
	switch s.Cloud {
	case vocab.AWS:
		fv.MTU, _ = d.Atlas.MTU(atlas.MTUAWSVPC)
	case vocab.GCP:
		fv.MTU, _ = d.Atlas.MTU(atlas.MTUGCPVPC)
	case vocab.Azure:
		fv.MTU, _ = d.Atlas.MTU(atlas.MTUAzureVNet)
	case vocab.OnPrem, vocab.Exchange:
	}
	d.Net.VPCs = append(d.Net.VPCs, fv)
	return &d.Net.VPCs[len(d.Net.VPCs)-1]
}

func (p *plan) subnet(s *draft.Site, v *draft.VPC, sn *draft.Subnet, got netip.Prefix) {
	id := fabric.SubnetID(fmt.Sprintf("%s/%s/%s", s.ID, v.Name, sn.Name))
	meta := s.Meta(sn.Pos, fmt.Sprintf("sites.%s.networks.%s.subnets.%s", s.ID, v.Name, sn.Name))
	meta.Account = v.Account
	out := fabric.Subnet{
		ID: id, Meta: meta, VPC: v.ID, Site: s.ID, Name: strings.TrimPrefix(sn.Name, "_"), Purpose: sn.Purpose, Prefix: got,
		Existing: v.Existing() && sn.Purpose == fabric.Workload, Tags: v.Tags,
	}
	if sn.Spec != nil {
		out.Segment = fabric.SegmentID(sn.Spec.Segment.V)
		switch sn.Spec.Internet.V {
		case "nat":
			out.Internet = fabric.ViaNAT
		case "public":
			out.Internet = fabric.Public
		}
		for _, svc := range sn.Spec.Services {
			out.Services = append(out.Services, svc.V)
		}
		slices.Sort(out.Services)
		out.Tags = p.subnetTags(v, sn)
	}
	if sn.Purpose == fabric.NATSubnet {
		out.Internet = fabric.Public
	}
	out.Parts = []fabric.SubnetPart{{Prefix: got}}
	if sn.Zonal && !out.Existing {
		out.Parts = nil
		for k, part := range prefix.Split(got, len(s.Zones)) {
			out.Parts = append(out.Parts, fabric.SubnetPart{Zone: s.Zones[k], Prefix: part})
		}
	}
	p.d.Net.Subnets = append(p.d.Net.Subnets, out)
}

// subnetTags are the network's, with the environment of the subnet's segment
// and the subnet's own over them.
func (p *plan) subnetTags(v *draft.VPC, sn *draft.Subnet) []fabric.Tag {
	tags := slices.Clone(v.Tags)
	set := func(key, value string) {
		tags = slices.DeleteFunc(tags, func(x fabric.Tag) bool { return x.Key == key })
		tags = append(tags, fabric.Tag{Key: key, Value: value})
	}
	if k, ok := p.d.Index.Segment(sn.Spec.Segment.V); ok {
		if env := p.d.Spec.Segments[k].Environment; env.IsSet() {
			set("environment", env.V)
		}
	}
	for _, t := range sn.Spec.Tags {
		set(t.Name, t.Value.V)
	}
	slices.SortFunc(tags, func(a, b fabric.Tag) int { return cmp.Compare(a.Key, b.Key) })
	return tags
}
