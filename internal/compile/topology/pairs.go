package topology

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Pairs finds which sites are joined. How, Gateways decides.
func Pairs(d *draft.Draft) {
	for i := range d.Spec.Connect {
		if h := d.Spec.Connect[i].Hub; h.IsSet() {
			if s, ok := d.Index.Site(h.V); ok {
				d.Sites[s].IsHub = true
			}
		}
	}
	for _, p := range d.Index.Pairs() {
		a, b := p.A, p.B
		if d.Sites[b].ID < d.Sites[a].ID {
			a, b = b, a
		}
		pair := draft.Pair{A: a, B: b, Hub: -1, Link: fabric.LinkBetween(d.Sites[a].ID, d.Sites[b].ID)}
		for _, e := range p.Entries {
			c := &d.Spec.Connect[e]
			pair.Entries = append(pair.Entries, c)
			if c.Hub.IsSet() {
				pair.Hub, _ = d.Index.Site(c.Hub.V)
			}
			pair.Asked = max(pair.Asked, c.Bandwidth.V)
		}
		if d.Sites[a].Cloud == vocab.OnPrem && d.Sites[b].Cloud == vocab.OnPrem {
			e := d.Diags.Errorf(pair.Pos(), "sites %q and %q are both on-prem: a link needs a cloud at one end", d.Sites[a].ID, d.Sites[b].ID)
			e.Code = "link-ends"
			e.Hint = "join both to a hub in a cloud"
			continue
		}
		d.Sites[a].Joined, d.Sites[b].Joined = true, true
		d.Pairs = append(d.Pairs, pair)
	}
	for i := range d.Spec.Connect {
		c := &d.Spec.Connect[i]
		if n := max(len(c.Mesh)*(len(c.Mesh)-1)/2, len(c.Spokes)); len(c.Inside) > 0 && n > 1 {
			e := d.Diags.Errorf(c.Inside[0].Pos, "inside pins the tunnels of one link, this entry makes %d", n)
			e.Code, e.Hint = "inside-ambiguous", "state the link apart: - link: [a, b] with its inside"
		}
	}
	slices.SortFunc(d.Pairs, func(x, y draft.Pair) int {
		if x.Link < y.Link {
			return -1
		}
		return 1
	})
}

// vpcs makes the VPCs that the spec states.
func vpcs(d *draft.Draft) {
	for i := range d.Sites {
		s := &d.Sites[i]
		for j := range s.Spec.Networks {
			in := &s.Spec.Networks[j]
			v := &draft.VPC{
				Site: i, Name: in.Name, Spec: in, Pos: in.Pos, Account: s.Account,
				Tags: tags(s.Tags, in.Environment, in.Tags),
				Env:  in.Environment.Or(s.Spec.Environment.Or(d.Net.Environment)),
				Want: int(in.Size.V),
			}
			if a, ok := d.Index.NetworkAccount(spec.NetworkRef{Site: i, Network: j}); ok {
				v.Account = fabric.AccountID(d.Spec.Accounts[a].Name)
			}
			v.ID = fabric.VPCID(fmt.Sprintf("%s/%s", s.ID, in.Name))
			if s.Cloud == vocab.GCP && !in.Isolated.V {
				v.ID = fabric.VPCID(fmt.Sprintf("%s:%s", v.Account, in.Name))
			}
			if in.Isolated.IsSet() && s.Cloud != vocab.GCP {
				e := d.Diags.Errorf(in.Isolated.Pos, "isolated is for GCP, where networks of one name in one project are one VPC")
				e.Code = "isolated"
			}
			for k := range in.Subnets {
				sn := &in.Subnets[k]
				v.Subnets = append(v.Subnets, draft.Subnet{
					Name: sn.Name, Spec: sn, Pos: sn.Pos, Want: int(sn.Size.V), Zonal: s.Cloud == vocab.AWS,
				})
			}
			s.VPCs = append(s.VPCs, v)
		}
	}
}
