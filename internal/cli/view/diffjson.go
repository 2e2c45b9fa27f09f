package view

import (
	"github.com/tieline/tieline/internal/change"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/vocab"
)

type diffJSON struct {
	FormatVersion string              `json:"format_version"`
	Same          bool                `json:"same"`
	Old           string              `json:"old"`
	New           string              `json:"new"`
	Drops         bool                `json:"drops_traffic"`
	Reach         []reachDiffJSON     `json:"reach"`
	Ways          []wayChangeJSON     `json:"ways"`
	Links         []linkDiffJSON      `json:"links"`
	Singles       []singleDiffJSON    `json:"single_points_of_failure"`
	Interrupts    []interruptDiffJSON `json:"interruptions"`
	Resources     []resourceDiffJSON  `json:"resources"`
	Cost          costDiffJSON        `json:"cost"`
	Other         []otherDiffJSON     `json:"other"`
	Hints         []string            `json:"hints"`
}

type reachDiffJSON struct {
	From   string              `json:"from"`
	To     string              `json:"to"`
	Gained []string            `json:"gained"`
	Lost   []string            `json:"lost"`
	Count  int                 `json:"count"`
	Pairs  []placePairDiffJSON `json:"pairs"` // the first of them
}

type placePairDiffJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
	New  bool   `json:"new,omitempty"`
	Gone bool   `json:"gone,omitempty"`
}

type wayChangeJSON struct {
	From string           `json:"from"`
	To   string           `json:"to"`
	Old  wayStateDiffJSON `json:"old"`
	New  wayStateDiffJSON `json:"new"`
}

type wayStateDiffJSON struct {
	Links     []string `json:"links"`
	RTTMillis float64  `json:"rtt_ms"`
	MTU       int      `json:"mtu"`
	Encrypted bool     `json:"encrypted"`
	Internet  bool     `json:"internet"`
	Lost      bool     `json:"lost"`
}

type linkDiffJSON struct {
	Link string             `json:"link"`
	Was  string             `json:"was,omitempty"`
	Old  *linkStateDiffJSON `json:"old"`
	New  *linkStateDiffJSON `json:"new"`
}

type linkStateDiffJSON struct {
	Kind        string  `json:"kind"`
	Tunnels     int     `json:"tunnels"`
	GatewayEnds int     `json:"gateway_ends"`
	CapacityBPS int64   `json:"capacity_bps"`
	RTTMillis   float64 `json:"rtt_ms"`
	MTU         int     `json:"mtu"`
}

type singleDiffJSON struct {
	Kind   string         `json:"kind"`
	ID     string         `json:"id"`
	Gained []pairDiffJSON `json:"gained"`
	Lost   []pairDiffJSON `json:"lost"`
}

type pairDiffJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type interruptDiffJSON struct {
	Link        string   `json:"link,omitempty"`
	Resource    string   `json:"resource,omitempty"`
	Stops       bool     `json:"stops"`
	TunnelsDown int      `json:"tunnels_down"`
	Tunnels     int      `json:"tunnels"`
	LowSeconds  float64  `json:"low_seconds"`
	HighSeconds float64  `json:"high_seconds"`
	Mark        string   `json:"mark"`
	Causes      []string `json:"causes"`
}

type resourceDiffJSON struct {
	Cloud       string          `json:"cloud"`
	Kind        string          `json:"kind"`
	ID          string          `json:"id"`
	Was         string          `json:"was,omitempty"`
	Site        string          `json:"site"`
	Account     string          `json:"account,omitempty"`
	Action      change.Action   `json:"action"`
	Follows     bool            `json:"follows,omitempty"`
	Fields      []fieldDiffJSON `json:"fields"`
	LowSeconds  float64         `json:"low_seconds"`
	HighSeconds float64         `json:"high_seconds"`
	Mark        string          `json:"mark,omitempty"`
	Notes       []string        `json:"notes"`
	At          string          `json:"at,omitempty"`
}

type fieldDiffJSON struct {
	Name    string   `json:"name"`
	Old     string   `json:"old,omitempty"`
	New     string   `json:"new,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Because string   `json:"because,omitempty"`
	Fact    string   `json:"fact,omitempty"`
}

type costDiffJSON struct {
	Currency string          `json:"currency"`
	Old      sumDiffJSON     `json:"old"`
	New      sumDiffJSON     `json:"new"`
	More     vocab.USD       `json:"more"`
	ByLink   []deltaDiffJSON `json:"by_link"`
	BySite   []deltaDiffJSON `json:"by_site"`
	ByItem   []deltaDiffJSON `json:"by_item"`
}

type sumDiffJSON struct {
	Total   vocab.USD `json:"total"`
	Fixed   vocab.USD `json:"fixed"`
	Traffic vocab.USD `json:"traffic"`
}

type deltaDiffJSON struct {
	Key  string    `json:"key"`
	Old  vocab.USD `json:"old"`
	New  vocab.USD `json:"new"`
	More vocab.USD `json:"more"`
}

type otherDiffJSON struct {
	What    string   `json:"what"`
	Old     string   `json:"old,omitempty"`
	New     string   `json:"new,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// DiffJSON gives what differs for programs.
func DiffJSON(r change.Report) any {
	return diffJSON{
		FormatVersion: FormatVersion, Same: r.IsEmpty(), Old: r.Old, New: r.New, Drops: r.Drops(),
		Reach:      list(r.Reach, newReachJSON),
		Ways:       list(r.Ways, newWayChangeJSON),
		Links:      list(r.Links, newLinkDiffJSON),
		Singles:    list(r.Singles, newSingleJSON),
		Interrupts: list(r.Interrupts, newInterruptJSON),
		Resources:  list(r.Resources, newResourceJSON),
		Cost:       newCostDiffJSON(r.Cost),
		Other:      list(r.Other, func(o change.OtherChange) otherDiffJSON { return otherDiffJSON(o) }),
		Hints:      list(r.Hints, same),
	}
}

func newReachJSON(c change.ReachChange) reachDiffJSON {
	return reachDiffJSON{
		c.From.String(), c.To.String(), texts(c.Gained), texts(c.Lost), c.Count,
		list(c.Pairs, func(p change.PlacePair) placePairDiffJSON { return placePairDiffJSON(p) }),
	}
}

func newWayChangeJSON(w change.WayChange) wayChangeJSON {
	state := func(s change.WayState) wayStateDiffJSON {
		return wayStateDiffJSON{ids(s.Links), s.RTT, s.MTU, s.Encrypted, s.Internet, s.Lost}
	}
	return wayChangeJSON{w.From.String(), w.To.String(), state(w.Old), state(w.New)}
}

func newLinkDiffJSON(l change.LinkChange) linkDiffJSON {
	state := func(s *change.LinkState) *linkStateDiffJSON {
		if s == nil {
			return nil
		}
		return &linkStateDiffJSON{s.Kind, s.Tunnels, s.Instances, int64(s.Capacity), s.RTT, s.MTU}
	}
	return linkDiffJSON{string(l.Link), string(l.Was), state(l.Old), state(l.New)}
}

func newSingleJSON(s change.SingleChange) singleDiffJSON {
	pair := func(p outage.Pair) pairDiffJSON { return pairDiffJSON{p.From.String(), p.To.String()} }
	return singleDiffJSON{s.Part.Kind.String(), s.Part.ID, list(s.Gained, pair), list(s.Lost, pair)}
}

func newInterruptJSON(i change.Interrupt) interruptDiffJSON {
	return interruptDiffJSON{string(i.Link), i.Resource, i.Stops(), i.Down, i.Of, i.Low.Seconds(), i.High.Seconds(), letter(i.Mark), list(i.Causes, same)}
}

func newResourceJSON(r change.Resource) resourceDiffJSON {
	return resourceDiffJSON{
		r.Cloud.String(), r.Kind, r.ID, r.Was, string(r.Site), string(r.Account), r.Action, r.Follows(),
		list(r.Fields, func(f change.Field) fieldDiffJSON {
			return fieldDiffJSON{f.Name, f.Old, f.New, f.Added, f.Removed, f.Because, f.Rule.Fact.ID}
		}),
		r.Low.Seconds(), r.High.Seconds(), letter(r.Mark), list(r.Reasons(), same), at(r.Origin),
	}
}

func newCostDiffJSON(c change.CostChange) costDiffJSON {
	delta := func(d change.Delta) deltaDiffJSON { return deltaDiffJSON{d.Key, d.Old, d.New, d.By()} }
	return costDiffJSON{
		"USD", sumDiffJSON(c.Old), sumDiffJSON(c.New), c.By(), list(c.ByLink, delta), list(c.BySite, delta), list(c.ByItem, delta),
	}
}

// pairTexts gives pairs of groups as "from > to".
func pairTexts(pairs []outage.Pair) []string {
	return list(pairs, func(p outage.Pair) string { return p.From.String() + " > " + p.To.String() })
}
