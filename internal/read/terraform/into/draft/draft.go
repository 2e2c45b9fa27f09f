// Package draft collects what readers find into a [fabric.Network]: it makes
// sites of regions, gives ids, joins the ends of VPN tunnels that different
// clouds describe, and makes sites of one's own of the peers that are not in
// the file. It knows no file format and no cloud's resources.
package draft

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Draft is a network that is being read.
type Draft struct {
	Net   *fabric.Network
	Atlas *atlas.Atlas

	ids      map[string]bool
	sites    map[place]fabric.SiteID
	accounts map[string]fabric.AccountID
	links    map[string]fabric.LinkID
	ends     []End
}

type place struct {
	cloud  vocab.Cloud
	region string
}

// New begins a network of a name.
func New(name string, a *atlas.Atlas) *Draft {
	return &Draft{
		Net: &fabric.Network{Name: name}, Atlas: a, ids: map[string]bool{}, sites: map[place]fabric.SiteID{},
		accounts: map[string]fabric.AccountID{}, links: map[string]fabric.LinkID{},
	}
}

// ID returns an id that nothing else has: the one asked for, or that with a
// number after it.
func (d *Draft) ID(want string) string {
	id := want
	for n := 2; d.ids[id]; n++ {
		id = want + "." + strconv.Itoa(n)
	}
	d.ids[id] = true
	return id
}

// Word turns a name into one part of an id: in letters, digits, hyphens,
// periods and underscores.
func Word(name string) string {
	word := strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_':
			return c
		}
		return '-'
	}, name), "-")
	for strings.Contains(word, "--") {
		word = strings.ReplaceAll(word, "--", "-")
	}
	return cmp.Or(word, "unnamed")
}

// Site returns the site that stands for a region of a cloud, made when first
// asked for. An empty region is one that the file does not say.
func (d *Draft) Site(c vocab.Cloud, region string, o fabric.Origin) fabric.SiteID {
	key := place{c, region}
	if id, ok := d.sites[key]; ok {
		return id
	}
	id := fabric.SiteID(d.ID(c.String() + "-" + Word(cmp.Or(region, "unknown"))))
	d.sites[key] = id
	s := fabric.Site{ID: id, Cloud: c, Region: region, Meta: fabric.Meta{Origin: o, Domains: d.Domains(c, region)}}
	if r, ok := d.Atlas.Region(c, region); ok {
		s.City, s.Lat, s.Lon = r.City, r.Lat, r.Lon
	}
	d.Net.Sites = append(d.Net.Sites, s)
	return id
}

// Domains are the failure domains of anything in a region.
func (d *Draft) Domains(c vocab.Cloud, region string) []fabric.Domain {
	var out []fabric.Domain
	if region != "" {
		out = append(out, fabric.Domain{Kind: fabric.RegionDomain, ID: c.String() + ":" + region})
	}
	return append(out, fabric.Domain{Kind: fabric.Provider, ID: c.String()})
}

// Account returns the account that a provider's configuration stands for.
func (d *Draft) Account(c vocab.Cloud, name, native string, o fabric.Origin) fabric.AccountID {
	key := c.String() + " " + name
	if id, ok := d.accounts[key]; ok {
		return id
	}
	id := fabric.AccountID(d.ID(Word(name)))
	d.accounts[key] = id
	d.Net.Accounts = append(d.Net.Accounts, fabric.Account{ID: id, Cloud: c, Native: native, Origin: o})
	return id
}

// Unread notes what was found and is not modelled.
func (d *Draft) Unread(o fabric.Origin, kind, why string, harmless bool) {
	d.Net.Unread = append(d.Net.Unread, fabric.Unread{Origin: o, Kind: kind, Why: why, Harmless: harmless})
}

// Doubt adds a reason to a Meta's Unread.
func Doubt(m *fabric.Meta, why string) {
	if m.Unread != "" && !strings.Contains(m.Unread, why) {
		why = m.Unread + "; " + why
	}
	m.Unread = why
}

// Link returns the link of a kind between two gateways (which may be empty) of
// two sites, made when first asked for. Things inside one site have none.
func (d *Draft) Link(kind fabric.LinkKind, o fabric.Origin, sites [2]fabric.SiteID, gateways [2]fabric.GatewayID) fabric.LinkID {
	if sites[0] == sites[1] {
		return ""
	}
	if sites[1] < sites[0] {
		sites[0], sites[1] = sites[1], sites[0]
		gateways[0], gateways[1] = gateways[1], gateways[0]
	}
	key := strings.Join([]string{kind.String(), string(sites[0]), string(sites[1]), string(gateways[0]), string(gateways[1])}, " ")
	if id, ok := d.links[key]; ok {
		return id
	}
	id := fabric.LinkID(d.ID(string(fabric.LinkBetween(sites[0], sites[1]))))
	d.links[key] = id
	l := fabric.Link{ID: id, Origin: o, Kind: kind, Sites: sites, Gateways: gateways}
	l.RTT, l.RTTSource = d.rtt(sites)
	d.Net.Links = append(d.Net.Links, l)
	return id
}

// rtt gives the round trip between two sites whose places are known.
func (d *Draft) rtt(sites [2]fabric.SiteID) (ms float64, source string) {
	var at [2]atlas.Place
	for i, id := range sites {
		s := d.site(id)
		r, ok := d.Atlas.Region(s.Cloud, s.Region)
		if !ok {
			return 0, ""
		}
		at[i] = r.Place()
	}
	r, ok := d.Atlas.RTT(at[0], at[1])
	if !ok {
		return 0, ""
	}
	if r.Measured {
		return r.MS, "measured " + r.Fact.AsOf
	}
	return r.MS, "estimated from distance"
}

func (d *Draft) site(id fabric.SiteID) *fabric.Site {
	for i := range d.Net.Sites {
		if d.Net.Sites[i].ID == id {
			return &d.Net.Sites[i]
		}
	}
	panic("draft: no site " + string(id))
}

func (d *Draft) gateway(id fabric.GatewayID) *fabric.Gateway {
	for i := range d.Net.Gateways {
		if d.Net.Gateways[i].ID == id {
			return &d.Net.Gateways[i]
		}
	}
	panic("draft: no gateway " + string(id))
}

// AddZone notes that a site uses a zone.
func (d *Draft) AddZone(id fabric.SiteID, zone string) {
	if s := d.site(id); zone != "" && !slices.Contains(s.Zones, zone) {
		s.Zones = append(s.Zones, zone)
	}
}

// Finish joins tunnels and puts everything in order.
func (d *Draft) Finish() *fabric.Network {
	d.join()
	n := d.Net
	for i := range n.Sites {
		s := &n.Sites[i]
		slices.Sort(s.Zones)
		s.Prefixes = d.prefixesAt(*s)
	}
	for i := range n.Subnets {
		if s := &n.Subnets[i]; s.Filter != "" {
			d.protect(s.Filter, s.ID)
		}
		if s := &n.Subnets[i]; s.NACL != "" {
			d.protect(s.NACL, s.ID)
		}
	}
	everyService(n)
	order(n)
	return n
}

// everyService spells out the services of rules that name none: in Terraform
// that is every one, in a [fabric.FilterRule] it would match no packet. Of what
// is only known once applied it could be any.
func everyService(n *fabric.Network) {
	for i := range n.Filters {
		for k := range n.Filters[i].Rules {
			if r := &n.Filters[i].Rules[k]; len(r.Services) == 0 {
				r.Services = []vocab.Service{{Proto: vocab.AnyProto}}
			}
		}
	}
}

// protect notes in a filter that it applies to a subnet.
func (d *Draft) protect(id fabric.FilterID, s fabric.SubnetID) {
	for i := range d.Net.Filters {
		if f := &d.Net.Filters[i]; f.ID == id && !slices.Contains(f.Subnets, s) {
			f.Subnets = append(f.Subnets, s)
		}
	}
}

// prefixesAt is what is addressable at a site.
func (d *Draft) prefixesAt(s fabric.Site) []netip.Prefix {
	list := slices.Clone(s.Prefixes)
	for i := range d.Net.VPCs {
		v := &d.Net.VPCs[i]
		if !slices.Contains(v.Sites, s.ID) {
			continue
		}
		if len(v.Sites) == 1 {
			list = append(list, v.Prefixes...)
			continue
		}
		for _, b := range v.Blocks {
			if b.Site == s.ID {
				list = append(list, b.Prefix)
			}
		}
	}
	return prefix.Aggregate(list)
}

// order sorts everything as [fabric.Network] says.
func order(n *fabric.Network) {
	by(n.Accounts, func(x *fabric.Account) string { return string(x.ID) })
	by(n.Sites, func(x *fabric.Site) string { return string(x.ID) })
	by(n.VPCs, func(x *fabric.VPC) string { return string(x.ID) })
	by(n.Subnets, func(x *fabric.Subnet) string { return string(x.ID) })
	by(n.RouteTables, func(x *fabric.RouteTable) string { return string(x.ID) })
	by(n.NATs, func(x *fabric.NAT) string { return string(x.ID) })
	by(n.Endpoints, func(x *fabric.Endpoint) string { return string(x.ID) })
	by(n.FlowLogs, func(x *fabric.FlowLog) string { return x.ID })
	by(n.Gateways, func(x *fabric.Gateway) string { return string(x.ID) })
	by(n.Attachments, func(x *fabric.Attachment) string { return string(x.ID) })
	by(n.Links, func(x *fabric.Link) string { return string(x.ID) })
	by(n.Connections, func(x *fabric.Connection) string { return string(x.ID) })
	by(n.Tunnels, func(x *fabric.Tunnel) string { return string(x.ID) })
	by(n.Filters, func(x *fabric.Filter) string { return string(x.ID) })
	for i := range n.RouteTables {
		t := &n.RouteTables[i]
		slices.SortStableFunc(t.Routes, func(a, b fabric.Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
		slices.Sort(t.Propagate)
	}
	for i := range n.Gateways {
		for j := range n.Gateways[i].Tables {
			t := &n.Gateways[i].Tables[j]
			slices.Sort(t.Associate)
			slices.Sort(t.Propagate)
			slices.SortStableFunc(t.Routes, func(a, b fabric.Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
		}
	}
	for i := range n.Filters {
		slices.Sort(n.Filters[i].Subnets)
	}
	for i := range n.NATs {
		slices.Sort(n.NATs[i].Serves)
	}
	slices.SortStableFunc(n.Unread, func(a, b fabric.Unread) int {
		return cmp.Or(a.Origin.Pos.Compare(b.Origin.Pos), cmp.Compare(a.Origin.Path, b.Origin.Path), cmp.Compare(a.Why, b.Why))
	})
	n.Unread = slices.Compact(n.Unread)
}

func by[T any](list []T, id func(*T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(id(&a), id(&b)) })
}
