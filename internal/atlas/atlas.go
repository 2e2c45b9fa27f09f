// Package atlas holds the facts of the clouds that the other stages stand on:
// regions and zones, limits, address and name rules, VPN offers, AS numbers,
// gateway SKUs, MTUs and prices. They are embedded data files (data/*.csv),
// each fact with value, unit, date, source and mark, behind typed look-ups.
// A user's own file overlays limits and prices. The package decides nothing:
// which fact matters where is the business of compile and price.
package atlas

import (
	"cmp"
	"embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/vocab"
)

//go:embed data/*.csv
var data embed.FS

// Atlas is one set of facts. It is immutable and safe for concurrent use; an
// overlay makes a new one.
type Atlas struct {
	facts          []Fact // by id
	index          map[string]int
	regions        map[regionKey]Region
	byCloud        map[vocab.Cloud][]Region // by name
	places         map[string]Place         // by folded city name
	areas          []Area                   // in the order of the data, then continents and countries by name
	addresses      map[vocab.Cloud]AddressRules
	anywhere       AddressRules // ranges refused and avoided everywhere
	names          map[NameKind]NameRule
	vpn            map[vocab.Cloud]VPNOffer
	asns           map[vocab.Cloud]ASNRules
	skus           map[vocab.Cloud][]SKU
	flowLogs       map[vocab.Cloud]FlowLog
	nsg            Priorities
	filterDefaults map[vocab.Cloud][]FilterDefault
	clientPorts    vocab.PortRange
	management     []ManagementPort
	proxies        []netip.Prefix
	services       map[vocab.Cloud][]Service
	crossLinks     []CrossLink
	changes        map[changeKey]ChangeRule
	prices         map[PriceItem][]priceRow // in the order of the files
	latency        func() latencyTable      // parsed when first asked for
}

// Default returns the embedded facts, parsed once. It panics when the
// embedded data is broken, which a test of this package excludes.
func Default() *Atlas { return embedded() }

var embedded = sync.OnceValue(func() *Atlas {
	a, err := load()
	if err != nil {
		panic(err)
	}
	return a
})

// load parses the embedded data files.
func load() (*Atlas, error) {
	l := &loader{sources: map[string]source{}}
	a := &Atlas{
		index:   map[string]int{},
		latency: sync.OnceValue(parseLatency),
	}
	l.readSources()
	for _, name := range []string{"limits", "addressing", "vpn", "asn", "mtu", "names", "flowlogs", "latency", "routing", "security"} {
		t := l.table(name)
		for i := range t.rows {
			l.facts = append(l.facts, l.fact(t, i))
		}
	}
	l.readRegions(a)
	l.readPlaces(a)
	l.readAreas(a)
	l.readSKUs(a)
	l.readServices(a)
	l.readCrossLinks(a)
	l.readChanges(a)
	l.readPrices(a)
	a.setFacts(l.facts)
	for i := 1; i < len(a.facts); i++ {
		if a.facts[i].ID == a.facts[i-1].ID {
			l.failf("fact %s stands twice", a.facts[i].ID)
		}
	}
	l.buildAddresses(a)
	l.buildNames(a)
	l.buildVPN(a)
	l.buildASNs(a)
	l.buildFlowLogs(a)
	l.buildPriorities(a)
	l.buildFilterDefaults(a)
	l.buildManagement(a)
	l.buildProxies(a)
	for _, id := range LimitIDs {
		if _, err := a.limit(id); err != nil {
			l.failf("%v", err)
		}
	}
	for _, id := range mtuIDs {
		if f, ok := a.Fact(string(id)); !ok || l.number(f.ID, f.Value) <= 0 {
			l.failf("fact %s is no MTU", id)
		}
	}
	return a, l.err
}

// setFacts sorts and indexes the facts.
func (a *Atlas) setFacts(facts []Fact) {
	a.facts = facts
	slices.SortStableFunc(a.facts, func(x, y Fact) int { return cmp.Compare(x.ID, y.ID) })
	a.index = make(map[string]int, len(facts))
	for i, f := range a.facts {
		a.index[f.ID] = i
	}
}

// Fact returns the fact with an id, and whether there is one.
func (a *Atlas) Fact(id string) (Fact, bool) {
	i, ok := a.index[id]
	if !ok {
		return Fact{}, false
	}
	return a.facts[i], true
}

// Facts returns the facts whose ids hold all the words, sorted by id. A word
// matches a whole part of an id between dots, its beginning, or the whole
// beginning of the id: "aws vpn" gives aws.vpn.psk and aws.price.vpn.connection.
func (a *Atlas) Facts(words ...string) []Fact {
	var out []Fact
	for _, f := range a.facts {
		if matchesWords(f.ID, words) {
			out = append(out, f)
		}
	}
	return out
}

func matchesWords(id string, words []string) bool {
	low := strings.ToLower(id)
	parts := strings.Split(low, ".")
	for _, w := range words {
		w = strings.ToLower(w)
		if strings.HasPrefix(low, w) {
			continue
		}
		if !slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, w) }) {
			return false
		}
	}
	return true
}

// mustFact returns a fact that the data is known to hold.
func (a *Atlas) mustFact(id string) Fact {
	f, ok := a.Fact(id)
	if !ok {
		panic(fmt.Sprintf("atlas: no fact %s", id))
	}
	return f
}
