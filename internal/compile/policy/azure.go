package policy

import (
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// The priorities of a security group, each direction its own, begin at the
// lowest that Azure takes and end with the denial of everything at the highest.
const (
	stepNSG = 10
	roomNSG = 96 // at the end, for the denial of the network's own addresses and what follows it
)

// azure makes a security group for each subnet: what is allowed by prefixes,
// and explicit denials over Azure's defaults, which let in everything that the
// tag VirtualNetwork covers (peered and connected networks with it) and let
// out everything to the internet.
func (b *book) azure() {
	tags := b.serviceTags()
	for i := range b.subnets {
		if s := &b.subnets[i]; s.filtered && s.cloud == vocab.Azure {
			b.securityRules(s, tags[s.net.ID])
		}
	}
}

// service is a service that a subnet reaches by a service endpoint.
type service struct {
	tag, name string
	ports     []vocab.Service
	origin    fabric.Origin
}

func (b *book) serviceTags() map[fabric.SubnetID][]service {
	out := map[fabric.SubnetID][]service{}
	for i := range b.d.Net.Endpoints {
		e := &b.d.Net.Endpoints[i]
		if e.Kind != fabric.ServiceEndpoint {
			continue
		}
		svc, ok := b.d.Atlas.Service(vocab.Azure, e.Service)
		if !ok || svc.Tag == "" {
			continue
		}
		for _, s := range e.Subnets {
			if !slices.ContainsFunc(out[s], func(x service) bool { return x.tag == svc.Tag }) {
				out[s] = append(out[s], service{svc.Tag, e.Service, svc.Ports, e.Meta.Origin})
			}
		}
	}
	return out
}

// nsgRule is a rule with its place: before or after the network's own
// addresses are denied.
type nsgRule struct {
	rule  fabric.FilterRule
	value string
	steps []fabric.Step
	late  bool
}

func (b *book) securityRules(s *subnet, services []service) {
	w := newWriter(8 + len(s.from) + len(s.to))
	for _, dir := range directions {
		b.number(w, dir, s, b.nsgRules(s, dir, services))
	}
	id := fabric.FilterID(s.net.ID + "/nsg")
	s.net.Filter = id
	b.add(fabric.Filter{
		ID: id, Meta: s.net.Meta, Kind: fabric.NSG, Site: s.net.Site, VPC: s.net.VPC,
		Name: b.filterName(b.former(s)...), Subnets: []fabric.SubnetID{s.net.ID},
	}, w)
}

// nsgRules gives what one direction allows, in order.
func (b *book) nsgRules(s *subnet, dir fabric.Direction, services []service) []nsgRule {
	var out []nsgRule
	if !s.guarded {
		out = append(out, nsgRule{
			rule:  fabric.FilterRule{Name: "allow-" + within(dir) + "-subnet", Action: fabric.Allow, Services: anything, Peers: []netip.Prefix{s.net.Prefix}, Origin: s.origin},
			value: "all inside the subnet", steps: because(s.origin.Pos, nil, "machines of one subnet reach each other unless its segment says internal: deny"),
		})
	}
	rules, part := s.rules(dir)
	if dir == fabric.Ingress {
		mtu := newWriter(1)
		b.pathMTU(mtu, s, 0)
		out = append(out,
			nsgRule{rule: mtu.rules[0], value: mtu.values[0], steps: mtu.steps[0]},
			nsgRule{
				rule:  fabric.FilterRule{Name: "allow-load-balancer", Action: fabric.Allow, Services: anything, PeerTag: "AzureLoadBalancer", Origin: s.origin},
				value: "ingress allow any from Azure's health probes", steps: because(s.origin.Pos, nil, "load balancers of the subnet probe their machines"),
			})
	}
	f := b.facing(dir, rules)
	for k := range f.merged {
		out = append(out, nsgMerged(dir, &f.merged[k], nil)...)
	}
	for _, x := range part {
		f := b.facing(dir, []int{x})
		for k := range f.merged {
			out = append(out, nsgMerged(dir, &f.merged[k], b.part(s, dir, x))...)
		}
	}
	if dir == fabric.Ingress {
		return out
	}
	for _, svc := range services {
		out = append(out, nsgRule{
			rule:  fabric.FilterRule{Name: ruleName("allow-to-service", svc.name), Action: fabric.Allow, Services: svc.ports, PeerTag: svc.tag, Origin: svc.origin},
			value: describe("egress", "allow", svc.ports, svc.tag), steps: because(svc.origin.Pos, nil, "services: the subnet reaches %s by its service endpoint", svc.name),
		})
	}
	if b.opensAll(s) {
		out = append(out, nsgRule{
			rule:  fabric.FilterRule{Name: "allow-to-internet", Action: fabric.Allow, Services: anything, PeerTag: "Internet", Origin: s.origin},
			value: "egress allow any to the internet", steps: because(s.origin.Pos, nil, "internet: %s: connections to the internet may be opened", s.net.Internet), late: true,
		})
	}
	return out
}

// nsgMerged spells a merged rule: one rule a protocol, as a rule of Azure has
// one. Local narrows it to some of the subnet's addresses.
func nsgMerged(dir fabric.Direction, m *merged, local []netip.Prefix) []nsgRule {
	lead := "allow-"
	if dir == fabric.Egress {
		lead = "allow-to-"
	}
	var out []nsgRule
	for i := 0; i < len(m.services); {
		k := i
		for k < len(m.services) && m.services[k].Proto == m.services[i].Proto {
			k++
		}
		services := m.services[i:k]
		i = k
		svc, value := m.svc, m.value
		if len(services) < len(m.services) {
			svc, value = serviceLabel(services), describe(dir.String(), "allow", services, m.label)
		}
		r := fabric.FilterRule{Action: fabric.Allow, Services: services, Local: local, Origin: m.origin, Note: m.note}
		if len(m.prefixes) > 0 {
			r.Name, r.Peers = ruleName(lead+m.native, svc), m.prefixes
			out = append(out, nsgRule{rule: r, value: value, steps: m.steps})
		}
		if m.internet {
			r.Name, r.Peers, r.PeerTag = ruleName(lead+"internet", svc), nil, "Internet"
			out = append(out, nsgRule{rule: r, value: describe(dir.String(), "allow", services, "the internet"), steps: m.steps, late: true})
		}
	}
	return out
}

// number gives the rules of one direction their priorities and writes them,
// the denials last.
func (b *book) number(w *writer, dir fabric.Direction, s *subnet, rules []nsgRule) {
	early, late := 0, 0
	for i := range rules {
		if rules[i].late {
			late++
		} else {
			early++
		}
	}
	room := b.d.Atlas.NSGPriorities()
	denyOwn := room.Last - roomNSG
	step := max(1, min(stepNSG, (denyOwn-room.First)/max(1, early)))
	priority := room.First
	for i := range rules {
		if r := &rules[i]; !r.late {
			r.rule.Priority, r.rule.Direction = priority, dir
			priority += step
			w.rule(r.rule, r.value, r.steps)
		}
	}
	if late > 0 {
		w.rule(fabric.FilterRule{Name: "deny-" + dir.String() + "-own-network", Direction: dir, Action: fabric.Deny, Priority: denyOwn, Services: anything, PeerTag: "VirtualNetwork", Origin: s.origin},
			describe(dir.String(), "deny", anything, "VirtualNetwork"), because(s.origin.Pos, nil, "what is connected needs a rule, though the subnet speaks to the internet"))
		step = max(1, min(stepNSG, (roomNSG-1)/late))
		priority = denyOwn + 1
		for i := range rules {
			if r := &rules[i]; r.late {
				r.rule.Priority, r.rule.Direction = priority, dir
				priority += step
				w.rule(r.rule, r.value, r.steps)
			}
		}
	}
	w.rule(fabric.FilterRule{Name: "deny-" + dir.String(), Direction: dir, Action: fabric.Deny, Priority: room.Last, Services: anything, All: true, Origin: s.origin},
		describe(dir.String(), "deny", anything, "everywhere"), because(s.origin.Pos, nil, "Azure allows the whole connected network and the way out by default; what is not stated is denied"))
}
