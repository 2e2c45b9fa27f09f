package price

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// ScenarioKind is one of the usual ways that data moves.
type ScenarioKind uint8

// The scenarios, the cheapest first as a rule.
const (
	IntraRegion    ScenarioKind = iota + 1 // between zones of a region
	InterRegion                            // between regions of one cloud
	CrossPrivate                           // cloud to cloud over private circuits
	CrossInternet                          // cloud to cloud over the internet, by VPN or not
	OnPremInternet                         // cloud to a place of one's own by VPN
	OnPremPrivate                          // the same over a circuit
	OnPremIn                               // a place of one's own to a cloud
)

// String gives the words for people.
func (k ScenarioKind) String() string {
	switch k {
	case IntraRegion:
		return "intra-region, between zones"
	case InterRegion:
		return "inter-region, same cloud"
	case CrossPrivate:
		return "cloud to cloud, private"
	case CrossInternet:
		return "cloud to cloud, internet"
	case OnPremInternet:
		return "cloud to on-prem, VPN"
	case OnPremPrivate:
		return "cloud to on-prem, circuit"
	case OnPremIn:
		return "on-prem to cloud"
	}
	return "scenario?"
}

// Scenario is what data costs that moves in one way, between the places of a
// network.
type Scenario struct {
	Kind   ScenarioKind
	Routes []ScenarioRoute
	Min    vocab.USD // of the routes' PerTB
	Max    vocab.USD
	Note   string
}

// ScenarioRoute is the price from one place to another, without what is
// billed by the hour, without the free allowance and without other traffic.
type ScenarioRoute struct {
	From, To  string    // "aws us-west-2"; for on-prem the city
	UnitPrice vocab.USD // of the first Unit, as listed
	Unit      string    // GB or GiB
	Times     float64   // how often it is billed: 2 between AWS zones
	PerGB     vocab.USD // for 1e9 bytes at the first tier
	PerTB     vocab.USD // for 1e12 bytes over the tiers
	AsOf      string
	Mark      atlas.Mark
	FactID    string
	Nearest   bool // To is no region of the network but the nearest of the cloud
}

// spot is a region of the network, or a place of one's own.
type spot struct {
	cloud  vocab.Cloud
	region string
	place  atlas.Place
}

func (s spot) String() string {
	if s.cloud.IsPublic() {
		return s.cloud.String() + " " + s.region
	}
	return s.place.City
}

// Scenarios returns today's price of the usual ways between the regions of a
// network. Ways without a known price have no route.
func Scenarios(n *fabric.Network, a *atlas.Atlas) []Scenario {
	spots := spotsOf(n, a)
	var clouds, own []spot
	for _, s := range spots {
		if s.cloud.IsPublic() {
			clouds = append(clouds, s)
		} else {
			own = append(own, s)
		}
	}
	out := []Scenario{
		{Kind: IntraRegion, Note: "inside a zone by private address: free"},
		{Kind: InterRegion},
		{Kind: CrossPrivate, Note: "the sender's price for data out over a circuit; ports and attachments come on top; the clouds' own cross-cloud links bill no GB on the AWS side"},
		{Kind: CrossInternet, Note: "gateways and tunnels come on top"},
		{Kind: OnPremInternet, Note: "gateways and tunnels come on top"},
		{Kind: OnPremPrivate, Note: "ports, attachments and the line to the colocation come on top"},
		{Kind: OnPremIn, Note: "data in is free; the site's own line comes on top"},
	}
	for i := range out {
		s := &out[i]
		for _, from := range clouds {
			s.routes(a, from, clouds, own)
		}
		s.sum()
	}
	return out
}

// spotsOf returns the distinct places of a network's sites, sorted.
func spotsOf(n *fabric.Network, a *atlas.Atlas) []spot {
	var out []spot
	for _, s := range n.Sites {
		p := spot{cloud: s.Cloud, region: s.Region, place: place(a, s)}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(x, y spot) int {
		return cmp.Or(cmp.Compare(x.cloud, y.cloud), cmp.Compare(x.region, y.region), cmp.Compare(x.place.City, y.place.City))
	})
	return out
}

// routes adds what starts (on-prem in: ends) at one region.
func (s *Scenario) routes(a *atlas.Atlas, from spot, clouds, own []spot) {
	if len(own) == 0 {
		own = []spot{{cloud: vocab.OnPrem, place: atlas.Place{
			City: from.place.City, Country: from.place.Country, Continent: from.place.Continent,
			Lat: from.place.Lat, Lon: from.place.Lon,
		}}}
	}
	switch s.Kind {
	case IntraRegion:
		item, times := zoneItem(from.cloud)
		s.add(a, item, from, from, times)
	case InterRegion:
		found := false
		for _, to := range clouds {
			if to.cloud == from.cloud && to.region != from.region {
				found = true
				s.add(a, regionItem(from.cloud), from, to, 1)
			}
		}
		if to, ok := nearest(a, from); !found && ok {
			s.add(a, regionItem(from.cloud), from, to, 1)
			if len(s.Routes) > 0 {
				s.Routes[len(s.Routes)-1].Nearest = true
			}
		}
	case CrossPrivate, CrossInternet:
		item := internetItem(from.cloud)
		if s.Kind == CrossPrivate {
			item = privateItem(from.cloud)
		}
		for _, to := range clouds {
			if to.cloud != from.cloud {
				s.add(a, item, from, to, 1)
			}
		}
	case OnPremInternet:
		for _, to := range own {
			s.add(a, internetItem(from.cloud), from, to, 1)
		}
	case OnPremPrivate:
		for _, to := range own {
			s.add(a, privateItem(from.cloud), from, to, 1)
		}
	case OnPremIn:
		for _, at := range own {
			s.Routes = append(s.Routes, ScenarioRoute{From: at.String(), To: from.String(), Unit: string(atlas.PerGB), Times: 1, Mark: atlas.Verified})
		}
	}
}

// add adds a route by the price of an item, when there is one.
func (s *Scenario) add(a *atlas.Atlas, item atlas.PriceItem, from, to spot, times float64) {
	pr, ok := a.Price(item, atlas.PriceScope{Region: from.region, To: to.place})
	if !ok {
		return
	}
	perTB := vocab.Dollars(pr.Cost(pr.Per.Quantity(vocab.TB)).Float() * times)
	s.Routes = append(s.Routes, ScenarioRoute{
		From: from.String(), To: to.String(), UnitPrice: pr.Unit(), Unit: unit(pr.Per), Times: times,
		PerGB: pr.Unit().Times(pr.Per.Quantity(vocab.GB) * times), PerTB: perTB,
		AsOf: pr.Fact.AsOf, Mark: pr.Fact.Mark, FactID: pr.Fact.ID,
	})
}

func (s *Scenario) sum() {
	for i, r := range s.Routes {
		if i == 0 || r.PerTB < s.Min {
			s.Min = r.PerTB
		}
		s.Max = max(s.Max, r.PerTB)
	}
}

// nearest returns the other public region of a region's cloud that lies
// nearest, and whether there is one.
func nearest(a *atlas.Atlas, from spot) (spot, bool) {
	return nearestTo(a, from.cloud, from.place, from.region)
}

// nearestTo returns the open region of a cloud nearest to a place, but not
// the one named.
func nearestTo(a *atlas.Atlas, c vocab.Cloud, to atlas.Place, but string) (spot, bool) {
	var best spot
	least := 0.0
	for _, r := range a.Regions(c) {
		if r.Name == but || r.Status == atlas.RegionAnnounced || r.PriceZone == "gov" || r.PriceZone == "china" {
			continue
		}
		if d := atlas.Distance(to, r.Place()); best.region == "" || d < least {
			best, least = spot{c, r.Name, r.Place()}, d
		}
	}
	return best, best.region != ""
}
