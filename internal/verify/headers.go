package verify

import (
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/vocab"
)

// anything is every packet.
var anything = []vocab.Service{{Proto: vocab.AnyProto}}

// makeSpace cuts the headers by what tells them apart: every rule, service
// and policy.
func (p *Proof) makeSpace() {
	var rules []packet.Match
	judges := false
	for i := range p.Net.Filters {
		f := &p.Net.Filters[i]
		for k := range f.Rules {
			m := filter.MatchOf(f, &f.Rules[k])
			judges = judges || m.Replies || len(m.SourcePorts) > 0
			rules = append(rules, m)
		}
	}
	for i := range p.Net.Policy {
		rules = append(rules, packet.Match{Services: p.Net.Policy[i].Services})
	}
	for i := range p.Net.Endpoints {
		rules = append(rules, packet.Match{Services: p.portsOf(&p.Net.Endpoints[i])})
	}
	if judges {
		// Source ports matter: those of clients are told from others.
		rules = append(rules, packet.Match{Services: anything, SourcePorts: []vocab.PortRange{p.clientPorts}})
	}
	p.space = packet.NewSpace(rules)
}
