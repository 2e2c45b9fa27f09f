// Package vpn makes gateways with their AS numbers, and the tunnels between
// sites of different clouds: how many, between which interfaces, with which
// algorithms, inside addresses, timers and rates.
package vpn

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/vocab"
)

// Gateways makes the gateway of each site that needs one, with its AS number.
func Gateways(d *draft.Draft) {
	asns := newASNs(d)
	byID := make([]int, len(d.Sites)) // so that numbers do not depend on the spec's order
	for i := range byID {
		byID[i] = i
	}
	slices.SortFunc(byID, func(a, b int) int { return cmp.Compare(d.Sites[a].ID, d.Sites[b].ID) })
	for _, i := range byID {
		s := &d.Sites[i]
		if s.Gateway == 0 {
			continue
		}
		g := fabric.Gateway{ID: s.GatewayID(), Kind: s.Gateway, Site: s.ID, Meta: s.Meta(s.Spec.Pos, "sites."+string(s.ID)+".gateway")}
		if s.Hub != nil {
			g.VPC = s.Hub.ID
		}
		g.ASN = asns.of(s)
		switch s.Gateway {
		case fabric.TransitGateway:
			g.ECMP = true
		case fabric.HAVPN, fabric.VPNGateway:
			g.ECMP = true
			g.Interfaces = interfaces(s, nil)
		case fabric.VirtualHub:
			g.ECMP = true
			g.Interfaces = interfaces(s, nil)
			for _, u := range d.Used {
				if u.Kind == lock.Block && u.Key == "azure/"+string(s.ID)+"/_vwan" {
					g.Prefix = u.Prefix
				}
			}
		case fabric.Device:
			var ips []netip.Addr
			for _, ip := range s.Spec.PublicIP {
				ips = append(ips, ip.V)
			}
			g.Interfaces = interfaces(s, ips)
			g.Announce, g.Cluster = s.Prefixes, s.Spec.Cluster.V
		case fabric.VirtualPrivateGateway:
		}
		d.Net.Gateways = append(d.Net.Gateways, g)
	}
	d.Used = append(d.Used, asns.used...)
}

// interfaces makes the two ends of a redundant cloud gateway, or one for
// each public address of a site's devices.
func interfaces(s *draft.Site, ips []netip.Addr) []fabric.Interface {
	n := len(ips)
	if s.Cloud.IsPublic() {
		n = 2
	}
	out := make([]fabric.Interface, n)
	for k := range out {
		out[k].Index = k
		out[k].Domains = append([]fabric.Domain{{Kind: fabric.Instance, ID: fmt.Sprintf("%s#%d", s.GatewayID(), k)}}, s.RegionDomains()...)
		if ips != nil {
			out[k].PublicIP = ips[k]
		}
	}
	return out
}

// asns gives each gateway a number of its own: two gateways of one number
// would refuse each other's routes (RFC 4271 section 9.1.2).
type asns struct {
	d     *draft.Draft
	taken map[vocab.ASN]string // and by whom
	short atlas.ASNRanges
	long  atlas.ASNRanges
	fact  atlas.Fact
	used  []lock.Entry
}

func newASNs(d *draft.Draft) *asns {
	a := &asns{d: d, taken: map[vocab.ASN]string{}}
	a.short, a.long, a.fact = d.Atlas.ASNPool()
	for i := range d.Sites {
		s := &d.Sites[i]
		if s.Spec.BGP.ASN.IsSet() {
			a.checkPeer(s)
			a.taken[s.Spec.BGP.ASN.V] = string(s.ID)
		}
	}
	for i := range d.Sites {
		s := &d.Sites[i]
		pin := s.Spec.Gateway.ASN
		if !pin.IsSet() {
			continue
		}
		r := d.Atlas.ASNs(s.Cloud)
		if s.Cloud.IsPublic() && !r.Usable.Holds(pin.V) {
			e := d.Diags.Errorf(pin.Pos, "%s gateways cannot have AS number %s", s.Cloud.Title(), pin.V)
			e.Code, e.Source = "asn-range", r.UsableFact.Source
			e.Hint = fmt.Sprintf("leave it out, or take one of %s to %s", a.short[0].First, a.short[0].Last)
		}
		if by, ok := a.taken[pin.V]; ok {
			e := d.Diags.Errorf(pin.Pos, "AS number %s is also that of site %q: gateways of one number refuse each other's routes", pin.V, by)
			e.Code, e.Source = "asn-loop", "RFC 4271 section 9.1.2"
		}
		a.taken[pin.V] = string(s.ID)
	}
	for _, e := range d.Lock.OfKind(lock.ASN) {
		if _, ok := a.taken[e.ASN]; !ok {
			a.taken[e.ASN] = e.Key
		}
	}
	return a
}

// checkPeer holds an on-prem number against what its cloud peers accept.
func (a *asns) checkPeer(s *draft.Site) {
	pin := s.Spec.BGP.ASN
	for k := range a.d.Pairs {
		p := &a.d.Pairs[k]
		var other *draft.Site
		switch s.ID {
		case a.d.Sites[p.A].ID:
			other = &a.d.Sites[p.B]
		case a.d.Sites[p.B].ID:
			other = &a.d.Sites[p.A]
		default:
			continue
		}
		if ok, fact := a.d.Atlas.ASNs(other.Cloud).AcceptsPeer(pin.V, other.Region.Name); !ok {
			e := a.d.Diags.Errorf(pin.Pos, "%s refuses a peer with AS number %s (site %q)", other.Cloud.Title(), pin.V, other.ID)
			e.Code, e.Source = "asn-range", fact.Source
		}
	}
}

func (a *asns) of(s *draft.Site) vocab.ASN {
	d := a.d
	object := string(s.GatewayID())
	switch {
	case s.Gateway == fabric.Device:
		d.Because(object, "asn", s.Spec.BGP.ASN.V.String(), draft.Step(s.Spec.BGP.ASN.Pos, nil, "stated in the spec"))
		return s.Spec.BGP.ASN.V
	case s.Gateway == fabric.VirtualHub:
		n := d.Atlas.ASNs(vocab.Azure).Default
		d.Because(object, "asn", n.String(), draft.Step(s.Spec.Pos, []string{"azure.asn.vhub"}, "a virtual hub's AS number cannot be changed"))
		return n
	case s.Spec.Gateway.ASN.IsSet():
		d.Because(object, "asn", s.Spec.Gateway.ASN.V.String(), draft.Step(s.Spec.Gateway.ASN.Pos, nil, "pinned in the spec"))
		return s.Spec.Gateway.ASN.V
	}
	key := s.Cloud.String() + "/" + string(s.ID)
	if e, ok := d.Lock.Get(lock.ASN, key); ok && a.taken[e.ASN] == key && (a.short.Holds(e.ASN) || a.long.Holds(e.ASN)) {
		a.used = append(a.used, lock.Entry{Kind: lock.ASN, Key: key, ASN: e.ASN})
		d.Because(object, "asn", e.ASN.String(), draft.Step(e.Pos, nil, "kept from the lock"), a.different(s))
		return e.ASN
	}
	for _, pool := range []atlas.ASNRanges{a.short, a.long} {
		for _, r := range pool {
			for n := uint64(r.First); n <= uint64(r.Last); n++ {
				if _, ok := a.taken[vocab.ASN(n)]; ok {
					continue
				}
				a.taken[vocab.ASN(n)] = key
				a.used = append(a.used, lock.Entry{Kind: lock.ASN, Key: key, ASN: vocab.ASN(n)})
				d.Because(object, "asn", vocab.ASN(n).String(),
					draft.Step(s.Spec.Pos, []string{a.fact.ID}, "the first private number that all three clouds take and no other gateway has"), a.different(s))
				return vocab.ASN(n)
			}
		}
	}
	d.Diags.Errorf(s.Spec.Pos, "no AS number left for the gateway of site %q", s.ID).Code = "asn-range"
	return 0
}

// different is why no two gateways have one number.
func (a *asns) different(s *draft.Site) fabric.Step {
	return draft.Step(s.Spec.Pos, []string{a.fact.ID, a.d.Atlas.ASNs(vocab.AWS).DefaultFact.ID},
		"the clouds' defaults are the same at every gateway, and equal numbers refuse each other's routes (RFC 4271 section 9.1.2)")
}
