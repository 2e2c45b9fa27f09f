// Package price makes the bill of a compiled network: what each object costs
// a month at list prices, what the expected traffic costs on its way, what
// the same traffic would cost by other ways, and what is odd about it.
//
// It takes a [fabric.Network], the prices of an [atlas.Atlas] and the
// [routes.Tables] by which traffic goes, and reads no clock and no file. It knows which object and which step of a flow is billed
// by which item; what an item costs where is a fact of the atlas. Taxes,
// support plans, commitments and the machines themselves are not in it.
package price

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// Bill is a month of a network at list prices.
type Bill struct {
	Lines   []Line // fixed items in the order of the network's objects, then traffic in the order of its flows
	Total   vocab.USD
	Fixed   vocab.USD // of it by the hour and month
	Traffic vocab.USD // of it by the GB
	// The same total, grouped. What belongs to no link or site stands under
	// an empty key, last, so that each grouping adds up to Total.
	ByLink  []Group
	BySite  []Group
	ByCloud []Group
	ByItem  []Group
	Flows   []FlowCost // one for each flow of the network, in its order
	Missing []Missing  // what has no price and is not in the total
	Notes   []string   // what the numbers assume
}

// Line is one position of a bill: Quantity times UnitPrice is Amount, but for
// graded prices, where Tiers add up to it and UnitPrice is the average.
type Line struct {
	Item      string // VPN connection
	Object    string // id of what is billed; of traffic: "from to to"
	Cloud     vocab.Cloud
	Site      fabric.SiteID
	Account   fabric.AccountID
	Link      fabric.LinkID // empty when it serves more than one, or none
	Flow      int           // traffic: 1 for the first of the network's flows; else 0
	Quantity  float64
	Unit      string // h, GB, GiB, month
	UnitPrice vocab.USD
	Tiers     []Tier // of a graded price
	Amount    vocab.USD
	AsOf      string // date of the price, as the source gives it
	Source    string
	Mark      atlas.Mark // the weakest of the price and of the rule that applies it
	FactID    string
	Price     atlas.PriceItem
	Note      string
	Origin    fabric.Origin
}

// IsTraffic reports whether the line is billed by volume.
func (l Line) IsTraffic() bool { return l.Flow > 0 }

// IsUnverified reports whether the line rests on a recalled fact.
func (l Line) IsUnverified() bool { return l.Mark == atlas.Recalled }

// Tier is the part of a line that falls into one stretch of a graded price.
type Tier struct {
	Quantity  float64
	UnitPrice vocab.USD
	Amount    vocab.USD
}

// Group is the sum of the lines that share a key.
type Group struct {
	Key     string // id of the link or site, name of the cloud or item; empty for none
	Lines   int
	Fixed   vocab.USD
	Traffic vocab.USD
	Amount  vocab.USD
}

// FlowCost is what one flow of the network costs a month.
type FlowCost struct {
	Flow    int // as in [Line.Flow]
	From    string
	To      string
	Volume  vocab.Volume
	Amount  vocab.USD
	Lost    vocab.Volume // of it no route leads to the other end, so that it costs nothing
	Blocked bool         // all of it is lost
}

// PerGB returns the flow's average cost of 1e9 bytes.
func (f FlowCost) PerGB() vocab.USD {
	if f.Volume <= 0 {
		return 0
	}
	return vocab.Dollars(f.Amount.Float() / f.Volume.GB())
}

// Missing is an item that the atlas has no price of.
type Missing struct {
	Item   atlas.PriceItem
	Region string
	Object string // the first that needs it
	Origin fabric.Origin
}

// Compute makes the bill of a network with the prices of an atlas. Traffic
// goes by the tables, which are of that network in good health; without tables
// it has no way and costs nothing.
func Compute(n *fabric.Network, a *atlas.Atlas, t *routes.Tables) Bill {
	return newPricer(n, a, t).compute()
}

// compute adds all lines, settles the graded prices and sums up.
func (p *pricer) compute() Bill {
	p.fixed()
	for i := range p.n.Flows {
		p.flow(i+1, &p.n.Flows[i])
	}
	p.settle()
	p.assumptions()
	b := &p.bill
	b.Flows = make([]FlowCost, len(p.n.Flows))
	for i, f := range p.n.Flows {
		c := FlowCost{Flow: i + 1, From: f.From.Ref, To: f.To.Ref, Volume: f.Monthly}
		for _, s := range p.shares[i] {
			if s.exit == lost {
				c.Lost += s.volume
			}
		}
		c.Blocked = f.Monthly > 0 && c.Lost == f.Monthly
		b.Flows[i] = c
	}
	for _, l := range b.Lines {
		b.Total += l.Amount
		if !l.IsTraffic() {
			b.Fixed += l.Amount
			continue
		}
		b.Traffic += l.Amount
		b.Flows[l.Flow-1].Amount += l.Amount
	}
	b.ByLink = groupBy(b.Lines, func(l Line) string { return string(l.Link) })
	b.BySite = groupBy(b.Lines, func(l Line) string { return string(l.Site) })
	b.ByCloud = groupBy(b.Lines, func(l Line) string { return l.Cloud.String() })
	b.ByItem = groupBy(b.Lines, func(l Line) string { return l.Item })
	return *b
}

// groupBy sums lines by a key, sorted by it, the empty key last.
func groupBy(lines []Line, key func(Line) string) []Group {
	at := map[string]int{}
	var out []Group
	for _, l := range lines {
		k := key(l)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Group{Key: k})
		}
		g := &out[i]
		g.Lines++
		g.Amount += l.Amount
		if l.IsTraffic() {
			g.Traffic += l.Amount
		} else {
			g.Fixed += l.Amount
		}
	}
	slices.SortFunc(out, func(x, y Group) int {
		if (x.Key == "") != (y.Key == "") {
			return cmp.Compare(y.Key, x.Key)
		}
		return cmp.Compare(x.Key, y.Key)
	})
	return out
}
