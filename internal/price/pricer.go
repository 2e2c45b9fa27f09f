package price

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// pricer collects the lines of a bill.
type pricer struct {
	n      *fabric.Network
	a      *atlas.Atlas
	t      *routes.Tables
	traced map[traceKey][]routes.Path
	shares [][]share // of each flow
	bill   Bill
	pools  []*pool
	// carries says what gateways, hub routers and attachments carry.
	carries *capacity.Model
	// single prices what one GB costs by itself: at the first step of a graded
	// price, without what a cloud gives away each month.
	single bool
	// linksOf gives the links with tunnels that end at a gateway, in order of id.
	linksOf map[fabric.GatewayID][]fabric.LinkID
	// attached gives what a VPC is an end of.
	attached map[fabric.VPCID][]*fabric.Attachment
	lacking  map[lack]bool
	noted    map[string]bool
	carrying map[int]bool // indexes of the lines that pay for a link's transport
	// merged gives the line of a position that more shares of a flow have; met
	// counts a share's own positions, of which two can look the same.
	merged map[position]int
	met    map[position]int
	onLink bool // what is added now pays for a link's transport
}

// position is what tells apart the lines of one flow.
type position struct {
	flow       int
	item, note string
	site       fabric.SiteID
	link       fabric.LinkID
	fact       string
	nth        int // of those that look the same in one share
}

type lack struct {
	item   atlas.PriceItem
	region string
}

func newPricer(n *fabric.Network, a *atlas.Atlas, t *routes.Tables) *pricer {
	p := &pricer{
		n: n, a: a, t: t, carries: capacity.New(n, a),
		traced:   map[traceKey][]routes.Path{},
		linksOf:  map[fabric.GatewayID][]fabric.LinkID{},
		attached: map[fabric.VPCID][]*fabric.Attachment{},
		lacking:  map[lack]bool{},
		noted:    map[string]bool{},
		carrying: map[int]bool{},
		merged:   map[position]int{},
	}
	for _, l := range n.Links {
		for _, g := range l.Gateways {
			if g != "" && len(l.Tunnels) > 0 {
				p.linksOf[g] = append(p.linksOf[g], l.ID)
			}
		}
	}
	for i := range n.Attachments {
		at := &n.Attachments[i]
		p.attached[at.VPC] = append(p.attached[at.VPC], at)
		if at.PeerVPC != "" && at.PeerVPC != at.VPC {
			p.attached[at.PeerVPC] = append(p.attached[at.PeerVPC], at)
		}
	}
	p.shares = make([][]share, len(n.Flows))
	for i := range n.Flows {
		p.shares[i] = p.sharesOf(&n.Flows[i])
	}
	return p
}

// onlyLink returns the one link with tunnels of a gateway, empty when it has none or several.
func (p *pricer) onlyLink(g fabric.GatewayID) fabric.LinkID {
	if ls := p.linksOf[g]; len(ls) == 1 {
		return ls[0]
	}
	return ""
}

// note adds a sentence to the bill's notes, once.
func (p *pricer) note(s string) {
	if !p.noted[s] {
		p.noted[s] = true
		p.bill.Notes = append(p.bill.Notes, s)
	}
}

// price looks an item up and records it as missing when there is none.
func (p *pricer) price(l *Line, item atlas.PriceItem, at atlas.PriceScope) (atlas.Price, bool) {
	pr, ok := p.a.Price(item, at)
	if ok {
		return pr, true
	}
	if k := (lack{item, at.Region}); !p.lacking[k] {
		p.lacking[k] = true
		p.bill.Missing = append(p.bill.Missing, Missing{Item: item, Region: at.Region, Object: l.Object, Origin: l.Origin})
	}
	return atlas.Price{}, false
}

// fill writes what a price says of itself into a line.
func (l *Line) fill(pr atlas.Price) {
	l.Price, l.UnitPrice = pr.Item, pr.Unit()
	l.AsOf, l.Source, l.FactID = pr.Fact.AsOf, pr.Fact.Source, pr.Fact.ID
	l.Mark = l.Mark.Weaker(pr.Fact.Mark)
	l.Cloud = pr.Item.Cloud()
	l.Unit = unit(pr.Per)
}

func unit(per atlas.Per) string {
	if per == atlas.PerHour {
		return "h"
	}
	return string(per)
}

// monthly adds a line for count pieces of what is billed by the hour or
// month. What costs nothing gets no line.
func (p *pricer) monthly(l Line, item atlas.PriceItem, at atlas.PriceScope, count float64) {
	pr, ok := p.price(&l, item, at)
	if !ok || pr.Unit() == 0 || count == 0 {
		return
	}
	l.fill(pr)
	l.Quantity = pieces(pr, count)
	l.Amount = l.UnitPrice.Times(l.Quantity)
	p.bill.Lines = append(p.bill.Lines, l)
}

// pieces turns a count of things into a month's quantity of their price.
func pieces(pr atlas.Price, count float64) float64 {
	if pr.Per == atlas.PerHour {
		return count * atlas.HoursPerMonth
	}
	return count
}

// data adds a line for a month's volume, times the share of it that is billed
// (2 where both directions are). What costs nothing gets no line.
func (p *pricer) data(l Line, item atlas.PriceItem, at atlas.PriceScope, v vocab.Volume, times float64) {
	pr, ok := p.price(&l, item, at)
	if !ok || pr.Cost(1) == 0 || v <= 0 || times == 0 {
		return
	}
	l.fill(pr)
	l.Quantity = pr.Per.Quantity(v) * times
	i, _ := p.put(l)
	p.bill.Lines[i].Amount = l.UnitPrice.Times(p.bill.Lines[i].Quantity)
}

// put adds a line of traffic, or adds its quantity to the line that another
// share of the flow has for the same. It reports whether the line is new.
func (p *pricer) put(l Line) (int, bool) {
	k := position{flow: l.Flow, item: l.Item, note: l.Note, site: l.Site, link: l.Link, fact: l.FactID}
	if p.met != nil {
		p.met[k]++
		k.nth = p.met[k]
	}
	if i, ok := p.merged[k]; ok && p.met != nil {
		p.bill.Lines[i].Quantity += l.Quantity
		return i, false
	}
	i := len(p.bill.Lines)
	p.bill.Lines = append(p.bill.Lines, l)
	p.carrying[i] = p.onLink
	if p.met != nil {
		p.merged[k] = i
	}
	return i, true
}

// place returns where a site is; zero when the atlas does not know.
func (p *pricer) place(s fabric.Site) atlas.Place { return place(p.a, s) }

func place(a *atlas.Atlas, s fabric.Site) atlas.Place {
	if s.Cloud.IsPublic() {
		r, _ := a.Region(s.Cloud, s.Region)
		return r.Place()
	}
	if pl, ok := a.Place(s.City); ok {
		return pl
	}
	return atlas.Place{City: s.City, Lat: s.Lat, Lon: s.Lon}
}

// at is the scope of what is billed at a site.
func at(s fabric.Site) atlas.PriceScope { return atlas.PriceScope{Region: s.Region} }

// gateway returns a link's gateway at one of its sites, zero when it has none.
func (p *pricer) gateway(l fabric.Link, s fabric.SiteID) fabric.Gateway {
	g, _ := p.n.Gateway(l.Gateways[max(0, slices.Index(l.Sites[:], s))])
	return g
}
