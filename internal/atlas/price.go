package atlas

import (
	"path"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// Per is what a price is charged for.
type Per string

// The units of prices.
const (
	PerHour  Per = "hour"
	PerMonth Per = "month"
	PerGB    Per = "GB"  // AWS and Azure: 1e9 bytes on Azure, in fact 2^30 on AWS's meters
	PerGiB   Per = "GiB" // GCP: 2^30 bytes
)

// HoursPerMonth is the month of all three clouds' price calculators.
const HoursPerMonth = 730

// Quantity turns a volume into the price's unit.
func (p Per) Quantity(v vocab.Volume) float64 {
	if p == PerGiB {
		return float64(v) / (1 << 30)
	}
	return v.GB()
}

// Tier is a stretch of a graded price.
type Tier struct {
	UpTo float64   // quantity a month at which it ends, 0 for no end
	Unit vocab.USD // for each unit within it
}

// Price is what one item costs at one place.
type Price struct {
	Item  PriceItem
	Tiers []Tier // rising; a flat price is one tier without end
	Per   Per
	Fact  Fact // with the discount, if any, in its note
}

// Unit returns the price of the first unit.
func (p Price) Unit() vocab.USD {
	if len(p.Tiers) == 0 {
		return 0
	}
	return p.Tiers[0].Unit
}

// Band is a part of a quantity that falls into one tier.
type Band struct {
	Quantity float64
	Unit     vocab.USD
}

// Bands splits a month's quantity over the tiers, after a quantity used
// before that has filled the lower ones.
func (p Price) Bands(before, quantity float64) []Band {
	var out []Band
	for i, t := range p.Tiers {
		last := i == len(p.Tiers)-1
		if !last && before >= t.UpTo {
			continue
		}
		part := quantity
		if !last {
			part = min(quantity, t.UpTo-before)
		}
		if part > 0 {
			out = append(out, Band{Quantity: part, Unit: t.Unit})
		}
		before, quantity = before+part, quantity-part
	}
	return out
}

// Cost returns what a month's quantity costs over all tiers, from zero.
func (p Price) Cost(quantity float64) vocab.USD {
	var sum vocab.USD
	for _, b := range p.Bands(0, quantity) {
		sum += b.Unit.Times(b.Quantity)
	}
	return sum
}

// PriceScope says where a price is asked for.
type PriceScope struct {
	Region string     // of the item's cloud: the gateway's, or the sender's
	To     Place      // destination of traffic, or the circuit's location; zero where the price has none
	Size   vocab.Rate // of a port, circuit or attachment; 0 where the item has no sizes
}

// Price returns the price of an item, and whether the atlas has one for the
// scope. The cloud is that of the item. Prices by destination (gcp.egress.*,
// aws.dx.*) need To; asked without it they give the row for any destination.
func (a *Atlas) Price(item PriceItem, at PriceScope) (Price, bool) {
	rows := a.prices[item]
	if len(rows) == 0 {
		return Price{}, false
	}
	region, known := a.Region(item.Cloud(), at.Region)
	for i := range rows {
		r := &rows[i]
		if r.size == at.Size && (r.anyFrom || known && matchesAny(r.from, region.Place(), region.PriceZone)) &&
			(r.anyTo || !at.To.IsZero() && matchesAny(r.to, at.To, "")) {
			return r.price, true
		}
	}
	return Price{}, false
}

// PriceSizes returns the sizes that an item is sold in, in the data's order.
func (a *Atlas) PriceSizes(item PriceItem) []vocab.Rate {
	var out []vocab.Rate
	seen := map[vocab.Rate]bool{}
	for _, r := range a.prices[item] {
		if r.size > 0 && !seen[r.size] {
			seen[r.size] = true
			out = append(out, r.size)
		}
	}
	return out
}

// priceRow is one line of a price file: the first that matches holds.
type priceRow struct {
	size           vocab.Rate
	from, to       []placePattern
	anyFrom, anyTo bool
	price          Price
}

// placePattern matches places: a region's name with * in it, in:CONTINENT,
// country:COUNTRY (blanks as _), region:NAME, zone:PRICEZONE.
type placePattern struct{ kind, text string }

func matchesAny(ps []placePattern, p Place, zone string) bool {
	for _, x := range ps {
		switch x.kind {
		case "in":
			if p.Continent == x.text {
				return true
			}
		case "country":
			if p.Country == x.text {
				return true
			}
		case "region":
			if p.Region == x.text {
				return true
			}
		case "zone":
			if zone == x.text {
				return true
			}
		default:
			if ok, _ := path.Match(x.text, p.Region); ok {
				return true
			}
		}
	}
	return false
}

func (l *loader) readPrices(a *Atlas) {
	a.prices = map[PriceItem][]priceRow{}
	for _, name := range []string{"prices-aws", "prices-gcp", "prices-azure"} {
		t := l.table(name)
		for i := range t.rows {
			item := PriceItem(t.at(i, "item"))
			f := l.fact(t, i)
			r := priceRow{size: l.rate(f.ID, t.at(i, "size"))}
			r.from, r.anyFrom = l.patterns(f.ID, t.at(i, "from"))
			r.to, r.anyTo = l.patterns(f.ID, t.at(i, "to"))
			f.Value, f.Scope = t.at(i, "usd"), t.at(i, "from")
			if !r.anyTo {
				f.Scope += " to " + t.at(i, "to")
			}
			f.Unit = "USD/" + t.at(i, "per")
			tiers, err := parseTiers(f.Value)
			if err != nil {
				l.failf("fact %s: %v", f.ID, err)
			}
			r.price = Price{Item: item, Tiers: tiers, Per: Per(t.at(i, "per")), Fact: f}
			l.facts = append(l.facts, f)
			a.prices[item] = append(a.prices[item], r)
		}
	}
	for _, item := range PriceItems {
		if len(a.prices[item]) == 0 {
			l.failf("no price for %s", item)
		}
	}
}

func (l *loader) patterns(id, s string) (out []placePattern, all bool) {
	if s == "*" {
		return nil, true
	}
	for _, w := range strings.Fields(s) {
		kind, text, ok := strings.Cut(w, ":")
		if !ok {
			kind, text = "name", w
		}
		switch kind {
		case "in", "region", "zone", "name":
		case "country":
			text = strings.ReplaceAll(text, "_", " ")
		default:
			l.failf("fact %s: pattern %q", id, w)
		}
		out = append(out, placePattern{kind, text})
	}
	if len(out) == 0 {
		l.failf("fact %s: no place", id)
	}
	return out, false
}

// parseTiers reads "0.09/10240 0.085/51200 0.07": prices with the quantity at
// which each ends, the last without one.
func parseTiers(s string) ([]Tier, error) {
	var out []Tier
	for _, w := range strings.Fields(s) {
		price, end, graded := strings.Cut(w, "/")
		usd, err := vocab.ParseUSD(price)
		if err != nil {
			return nil, err
		}
		t := Tier{Unit: usd}
		if graded {
			if t.UpTo, err = strconv.ParseFloat(end, 64); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, checkTiers(out)
}
