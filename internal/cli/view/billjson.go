package view

import (
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

type billJSON struct {
	Currency string         `json:"currency" doc:"USD"`
	Total    vocab.USD      `json:"total" doc:"a month, at list prices"`
	Fixed    vocab.USD      `json:"fixed" doc:"of it by the hour and month"`
	Traffic  vocab.USD      `json:"traffic" doc:"of it by volume"`
	ByCloud  []groupJSON    `json:"by_cloud" doc:"the total by cloud"`
	BySite   []groupJSON    `json:"by_site" doc:"the total by site"`
	ByLink   []groupJSON    `json:"by_link" doc:"the total by link"`
	ByItem   []groupJSON    `json:"by_item" doc:"the total by what is billed"`
	Lines    []lineJSON     `json:"lines" doc:"every position"`
	Flows    []flowCostJSON `json:"flows" doc:"what each entry of traffic costs, in the spec's order"`
	Missing  []missingJSON  `json:"missing" doc:"what has no price and is not in the total"`
	Notes    []string       `json:"notes" doc:"what the numbers assume"`
}

type groupJSON struct {
	Key     string    `json:"key" doc:"the cloud, site, link or item; empty for none"`
	Amount  vocab.USD `json:"amount" doc:"a month"`
	Fixed   vocab.USD `json:"fixed" doc:"of it by the hour and month"`
	Traffic vocab.USD `json:"traffic" doc:"of it by volume"`
}

type lineJSON struct {
	Item      string     `json:"item" doc:"what is billed: VPN connection"`
	Object    string     `json:"object" doc:"id of what it is billed for"`
	Cloud     string     `json:"cloud" doc:"who bills it"`
	Site      string     `json:"site,omitempty" doc:"the site"`
	Account   string     `json:"account,omitempty" doc:"the account that pays"`
	Link      string     `json:"link,omitempty" doc:"the link, when it serves one only"`
	Flow      int        `json:"flow,omitempty" doc:"of traffic: 1 for the first entry of traffic in the spec"`
	Quantity  float64    `json:"quantity" doc:"how much a month"`
	Unit      string     `json:"unit" doc:"h, GB, GiB or month"`
	UnitPrice vocab.USD  `json:"unit_price" doc:"price of a unit; the average over tiers"`
	Tiers     []tierJSON `json:"tiers" doc:"the parts of a graded price"`
	Amount    vocab.USD  `json:"amount" doc:"a month"`
	AsOf      string     `json:"as_of" doc:"date of the price"`
	Source    string     `json:"source,omitempty" doc:"where the price was read"`
	Mark      string     `json:"mark" doc:"V verified, S secondary source, R unverified"`
	Fact      string     `json:"fact" doc:"id of the price's fact"`
	Price     string     `json:"price" doc:"id of the price item, for a file of your own"`
	Note      string     `json:"note,omitempty" doc:"a remark"`
	At        string     `json:"at,omitempty" doc:"place in the spec"`
}

type tierJSON struct {
	Quantity  float64   `json:"quantity" doc:"how much falls into the tier"`
	UnitPrice vocab.USD `json:"unit_price" doc:"the tier's price of a unit"`
	Amount    vocab.USD `json:"amount" doc:"a month"`
}

type flowCostJSON struct {
	From         string    `json:"from" doc:"as in the spec"`
	To           string    `json:"to" doc:"as in the spec"`
	MonthlyBytes int64     `json:"monthly_bytes" doc:"volume a month"`
	Amount       vocab.USD `json:"amount" doc:"a month"`
	PerGB        vocab.USD `json:"per_gb" doc:"average of 1e9 bytes"`
	Blocked      bool      `json:"blocked" doc:"no links join the ends"`
}

type missingJSON struct {
	Price  string `json:"price" doc:"id of the price item"`
	Region string `json:"region,omitempty" doc:"where"`
	Object string `json:"object" doc:"the first object that needs it"`
}

func newBillJSON(b price.Bill) billJSON {
	return billJSON{
		Currency: "USD", Total: b.Total, Fixed: b.Fixed, Traffic: b.Traffic,
		ByCloud: list(b.ByCloud, newGroupJSON), BySite: list(b.BySite, newGroupJSON),
		ByLink: list(b.ByLink, newGroupJSON), ByItem: list(b.ByItem, newGroupJSON),
		Lines: list(b.Lines, newLineJSON),
		Flows: list(b.Flows, func(f price.FlowCost) flowCostJSON {
			return flowCostJSON{f.From, f.To, int64(f.Volume), f.Amount, f.PerGB(), f.Blocked}
		}),
		Missing: list(b.Missing, func(m price.Missing) missingJSON { return missingJSON{string(m.Item), m.Region, m.Object} }),
		Notes:   list(b.Notes, same),
	}
}

func newGroupJSON(g price.Group) groupJSON { return groupJSON{g.Key, g.Amount, g.Fixed, g.Traffic} }

func newLineJSON(l price.Line) lineJSON {
	return lineJSON{
		Item: l.Item, Object: l.Object, Cloud: l.Cloud.String(), Site: string(l.Site), Account: string(l.Account),
		Link: string(l.Link), Flow: l.Flow, Quantity: l.Quantity, Unit: l.Unit, UnitPrice: l.UnitPrice,
		Tiers:  list(l.Tiers, func(t price.Tier) tierJSON { return tierJSON(t) }),
		Amount: l.Amount, AsOf: l.AsOf, Source: l.Source, Mark: letter(l.Mark), Fact: l.FactID,
		Price: string(l.Price), Note: l.Note, At: at(l.Origin),
	}
}

type costJSON struct {
	FormatVersion string            `json:"format_version"`
	Bill          billJSON          `json:"bill"`
	Links         []linkOptionsJSON `json:"links"`
}

type linkOptionsJSON struct {
	Link        string       `json:"link"`
	Sites       []string     `json:"sites"`
	VolumeBytes []int64      `json:"volume_bytes"`
	NeedBPS     int64        `json:"need_bps"`
	Common      vocab.USD    `json:"common"`
	Options     []optionJSON `json:"options"`
	Notes       []string     `json:"notes"`
}

type optionJSON struct {
	Name           string    `json:"name"`
	Present        bool      `json:"present"`
	Priced         bool      `json:"priced"`
	Feasible       bool      `json:"feasible"`
	Why            string    `json:"why,omitempty"`
	Fixed          vocab.USD `json:"fixed"`
	PerGB          vocab.USD `json:"per_gb"`
	Variable       vocab.USD `json:"variable"`
	Total          vocab.USD `json:"total"`
	CapacityBPS    int64     `json:"capacity_bps,omitempty"`
	Breaks         string    `json:"breaks,omitempty"`
	BreakEvenBytes int64     `json:"break_even_bytes,omitempty"`
	NotIncluded    []string  `json:"not_included"`
	Note           string    `json:"note,omitempty"`
	Mark           string    `json:"mark"`
	Facts          []string  `json:"facts"`
}

// CostJSON gives a bill and the other ways of its links for programs.
func CostJSON(c Cost) any {
	return costJSON{FormatVersion, newBillJSON(c.Bill), list(c.Links, func(l price.LinkOptions) linkOptionsJSON {
		return linkOptionsJSON{
			string(l.Link),
			[]string{string(l.Sites[0]), string(l.Sites[1])},
			[]int64{int64(l.Volumes[0]), int64(l.Volumes[1])},
			int64(l.Need), l.Common, list(l.Options, newOptionJSON), list(l.Notes, same),
		}
	})}
}

func newOptionJSON(o price.Option) optionJSON {
	breaks := ""
	if o.Breaks != 0 {
		breaks = o.Breaks.String()
	}
	return optionJSON{
		Name: o.Name, Present: o.Present, Priced: o.Priced, Feasible: o.Feasible, Why: o.Why, Fixed: o.Fixed, PerGB: o.PerGB,
		Variable: o.Variable, Total: o.Total, CapacityBPS: int64(o.Capacity), Breaks: breaks, BreakEvenBytes: int64(o.BreakEven),
		NotIncluded: list(o.NotIncluded, same), Note: o.Note, Mark: letter(o.Mark), Facts: list(o.Facts, same),
	}
}

type scenariosJSON struct {
	FormatVersion string         `json:"format_version"`
	Scenarios     []scenarioJSON `json:"scenarios"`
}

type scenarioJSON struct {
	Kind     string      `json:"kind"`
	MinPerTB vocab.USD   `json:"min_per_tb"`
	MaxPerTB vocab.USD   `json:"max_per_tb"`
	Note     string      `json:"note,omitempty"`
	Routes   []routeCost `json:"routes"`
}

type routeCost struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	UnitPrice vocab.USD `json:"unit_price"`
	Unit      string    `json:"unit"`
	Times     float64   `json:"times"`
	PerGB     vocab.USD `json:"per_gb"`
	PerTB     vocab.USD `json:"per_tb"`
	AsOf      string    `json:"as_of"`
	Mark      string    `json:"mark"`
	Fact      string    `json:"fact"`
	Nearest   bool      `json:"nearest"`
}

// ScenariosJSON gives the usual ways for programs.
func ScenariosJSON(s []price.Scenario) any {
	return scenariosJSON{FormatVersion, list(s, func(s price.Scenario) scenarioJSON {
		return scenarioJSON{s.Kind.String(), s.Min, s.Max, s.Note, list(s.Routes, func(r price.ScenarioRoute) routeCost {
			return routeCost{r.From, r.To, r.UnitPrice, r.Unit, r.Times, r.PerGB, r.PerTB, r.AsOf, letter(r.Mark), r.FactID, r.Nearest}
		})}
	})}
}
