package price

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/vocab"
)

// pool is all traffic of the network that is counted on one graded price of
// internet egress: the tiers are those of the whole organisation, so what a
// flow costs depends on the other flows.
type pool struct {
	cloud    vocab.Cloud
	price    atlas.Price
	quantity float64 // in the price's unit
	lines    []int   // of the bill
}

// freeEgress names the limit that says how much internet egress a cloud gives
// away each month.
func freeEgress(c vocab.Cloud) (atlas.LimitID, bool) {
	switch c {
	case vocab.AWS:
		return atlas.LimitAWSEgressFree, true
	case vocab.GCP:
		return atlas.LimitGCPEgressFree, true
	case vocab.Azure:
		return atlas.LimitAzureEgressFree, true
	case vocab.OnPrem, vocab.Exchange:
		return "", false
	}
	return "", false
}

// free returns the quantity that a cloud gives away.
func free(a *atlas.Atlas, c vocab.Cloud) float64 {
	id, ok := freeEgress(c)
	if !ok {
		return 0
	}
	return float64(a.Limit(id).Value)
}

// egress adds a line whose amount is settled when all traffic is known.
func (p *pricer) egress(l Line, item atlas.PriceItem, at atlas.PriceScope, v vocab.Volume) {
	if p.single {
		p.data(l, item, at, v, 1)
		return
	}
	pr, ok := p.price(&l, item, at)
	if !ok || v <= 0 {
		return
	}
	l.fill(pr)
	l.Quantity = pr.Per.Quantity(v)
	i := slices.IndexFunc(p.pools, func(q *pool) bool { return q.price.Fact.ID == pr.Fact.ID })
	if i < 0 {
		i = len(p.pools)
		p.pools = append(p.pools, &pool{cloud: item.Cloud(), price: pr})
	}
	q := p.pools[i]
	q.quantity += l.Quantity
	if at, fresh := p.put(l); fresh {
		q.lines = append(q.lines, at)
	}
}

// settle prices each pool by its tiers and shares the cost by volume.
func (p *pricer) settle() {
	for _, q := range p.pools {
		bands := graded(q.price, q.quantity, p.cloudEgress(q.cloud), free(p.a, q.cloud))
		var before float64 // quantity of the pool's lines before this one
		sums := make([]vocab.USD, len(bands))
		for k, i := range q.lines {
			l := &p.bill.Lines[i]
			before += l.Quantity
			upTo := before / q.quantity
			if k == len(q.lines)-1 {
				upTo = 1
			}
			for j, b := range bands {
				// Rounded sums, not rounded shares: all shares together
				// are the band's cost to the billionth.
				sum := b.Unit.Times(b.Quantity)
				if upTo < 1 {
					sum = sum.Times(upTo)
				}
				t := Tier{Quantity: b.Quantity * l.Quantity / q.quantity, UnitPrice: b.Unit, Amount: sum - sums[j]}
				sums[j] = sum
				l.Tiers = append(l.Tiers, t)
				l.Amount += t.Amount
			}
			l.UnitPrice = vocab.Dollars(l.Amount.Float() / l.Quantity)
		}
	}
}

// cloudEgress returns all internet egress of a cloud, in its prices' unit.
func (p *pricer) cloudEgress(c vocab.Cloud) float64 {
	var sum float64
	for _, q := range p.pools {
		if q.cloud == c {
			sum += q.quantity
		}
	}
	return sum
}

// graded splits a pool's quantity over the free allowance, of which it gets
// its share of the cloud's whole egress, and the tiers, which count from
// behind the allowance (AWS: "beyond the global free tier"; Azure: the first
// paid tier has tierMinimumUnits 100).
func graded(pr atlas.Price, quantity, whole, free float64) []atlas.Band {
	if quantity <= 0 {
		return nil
	}
	given := min(free, whole) * quantity / whole
	var out []atlas.Band
	if given > 0 {
		out = append(out, atlas.Band{Quantity: given})
	}
	return append(out, pr.Bands(0, quantity-given)...)
}

// cost sums bands.
func cost(bands []atlas.Band) vocab.USD {
	var sum vocab.USD
	for _, b := range bands {
		sum += b.Unit.Times(b.Quantity)
	}
	return sum
}

// weakest returns the weakest mark of some facts.
func weakest(facts []atlas.Fact) atlas.Mark {
	var m atlas.Mark
	for _, f := range facts {
		m = m.Weaker(f.Mark)
	}
	return m
}

// factIDs returns the ids of facts, sorted, each once.
func factIDs(facts []atlas.Fact) []string {
	ids := make([]string, len(facts))
	for i, f := range facts {
		ids[i] = f.ID
	}
	slices.SortFunc(ids, cmp.Compare[string])
	return slices.Compact(ids)
}
