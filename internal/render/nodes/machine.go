package nodes

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// machineDevice is the device of a machine.
const machineDevice = "eth0"

// workloads puts a machine into every workload subnet, in its first zone, and
// one into every site of one's own.
func (b *builder) workloads() {
	for i := range b.net.Subnets {
		s := &b.net.Subnets[i]
		v := b.index.vpcs[s.VPC]
		if s.Purpose != fabric.Workload || v == nil {
			continue
		}
		part := parts(s)[0]
		rules := b.atlas.Addresses(v.Cloud)
		m := Machine{
			Name: string(s.ID), Subnet: s.ID, Zone: part.Zone, Site: s.Site, Segment: s.Segment, MTU: v.MTU,
			Addr: nth(part.Prefix, max(rules.ReservedFirst, 1)), Open: b.services(),
		}
		if s.Internet == fabric.Public {
			m.Public = b.publics.address()
		}
		t := b.sourceTable(v, s, part)
		if t == nil {
			b.refusef("%s: no table routes what its machines send", s.ID)
			continue
		}
		b.stand(&m, t, b.local(v, s.Site), v.MTU)
	}
	for i := range b.net.Gateways {
		g := &b.net.Gateways[i]
		s := b.index.sites[g.Site]
		if g.Kind != fabric.Device || s == nil || len(s.Prefixes) == 0 {
			continue
		}
		n := b.ofGate[g.ID]
		m := Machine{Name: string(s.ID), Site: s.ID, MTU: b.lan(), Addr: nth(s.Prefixes[0], hostOfSite), Open: b.services()}
		b.stand(&m, n.table(string(g.ID), s.ID), n.table(string(s.ID)+"/local", s.ID), m.MTU)
	}
	b.names()
}

// hostOfSite is which host of a site's first prefix its machine is: past the
// router's usual address.
const hostOfSite = 10

// nth is the address that many places after the first of a prefix.
func nth(p netip.Prefix, n int) netip.Addr {
	a := p.Addr()
	for range n {
		a = a.Next()
	}
	return a
}

// stand joins a machine to its node.
func (b *builder) stand(m *Machine, sends, local *table, mtu int) {
	device := sends.node.fresh("m-" + short(m.Name))
	sends.node.devices = append(sends.node.devices, nodeconf.Device{Name: device, ID: "machine " + m.Name, MTU: mtu, NoARP: true})
	sends.stop("").arrive(device)
	local.machineRoute(m.Addr, device)
	b.plan.Cords = append(b.plan.Cords, Cord{A: End{sends.node.name, device}, B: End{m.Name, machineDevice}, MTU: mtu})
	b.plan.Machines = append(b.plan.Machines, *m)
}

// sourceTable is the table by which the machines of a part of a subnet send.
func (b *builder) sourceTable(v *fabric.VPC, s *fabric.Subnet, part fabric.SubnetPart) *table {
	n := b.ofVPC[v.ID]
	id := partTable(s, part)
	switch v.Cloud {
	case vocab.AWS:
		rt := b.index.tables[id]
		if rt == nil && len(b.index.tablesOf[v.ID]) > 0 {
			rt = b.index.tablesOf[v.ID][0]
		}
		if rt == nil {
			return n.table(string(v.ID)+"/rt-main", siteOf(v))
		}
		if slices.Contains(b.cutOff(v, rt), part.Zone) {
			return n.table(string(rt.ID)+"@"+part.Zone, siteOf(v))
		}
		return n.table(string(rt.ID), siteOf(v))
	case vocab.GCP:
		return n.table(regionName(v.ID, b.region(s.Site)), s.Site)
	case vocab.Azure:
		if rt := b.index.tables[id]; rt != nil {
			return n.table(userTable(rt, v.ID), siteOf(v))
		}
		return n.table(string(v.ID)+"/rt-system", siteOf(v))
	case vocab.OnPrem, vocab.Exchange:
	}
	return nil
}

// services are those that a rule of the policy names, each by one port, and one
// that none does.
func (b *builder) services() []vocab.Service {
	var out []vocab.Service
	all := []vocab.Service{}
	for i := range b.net.Policy {
		all = append(all, b.net.Policy[i].Services...)
	}
	for _, s := range all {
		switch {
		case s.Proto == vocab.ICMP || s.Proto == vocab.AnyProto || !s.Proto.HasPorts():
			continue
		case s.Ports.IsAny():
			s.Ports = vocab.PortRange{}
			continue
		}
		out = append(out, vocab.Service{Proto: s.Proto, Ports: vocab.PortRange{First: s.Ports.First, Last: s.Ports.First}})
	}
	other := uint16(9)
	for slices.ContainsFunc(all, func(s vocab.Service) bool {
		return s.Proto == vocab.TCP && !s.Ports.IsAny() && s.Ports.First <= other && other <= s.Ports.Last
	}) {
		other++
	}
	out = append(out, vocab.Service{Proto: vocab.TCP, Ports: vocab.PortRange{First: other, Last: other}})
	slices.SortFunc(out, vocab.Service.Compare)
	return slices.Compact(out)
}

// names gives machines their names in the hosts file: the parts of a subnet's
// id, the narrowest first, and the shorter ones that mean no other.
func (b *builder) names() {
	count := map[string]int{}
	short := func(m *Machine) []string {
		p := strings.Split(m.Name, "/")
		if len(p) < 3 {
			return nil
		}
		return []string{p[2] + "." + p[0], p[1] + "." + p[0], p[2]}
	}
	for i := range b.plan.Machines {
		m := &b.plan.Machines[i]
		p := strings.Split(m.Name, "/")
		slices.Reverse(p)
		m.Host = strings.Join(p, ".")
		count[m.Host]++
		for _, s := range short(m) {
			count[s]++
		}
	}
	for i := range b.plan.Machines {
		m := &b.plan.Machines[i]
		for _, s := range short(m) {
			if count[s] == 1 && s != m.Host {
				m.Aliases = append(m.Aliases, s)
			}
		}
	}
}

// The internet: one router and one machine at an address for documentation
// (RFC 5737, TEST-NET-1).
const (
	internetMachine = "internet"
	internetNode    = "internet/router"
)

var internetAddr = netip.AddrFrom4([4]byte{192, 0, 2, 1})

// exit is the device of a VPC in a region that leads to the internet.
func (b *builder) exit(v *fabric.VPC, site fabric.SiteID) string {
	local := b.local(v, site)
	if d, ok := b.exits[local.Name]; ok {
		return d
	}
	n := b.node(internetNode)
	t := n.table("internet", "")
	w := b.way("internet "+strings.TrimSuffix(local.Name, "/local"), local.stop("inet-"+v.Name), t.stop("i-"+string(site)), b.internetMTU(v.Cloud))
	b.exits[local.Name] = w.a
	b.translate(v, site, w, t)
	return w.a
}

func (b *builder) internetMTU(c vocab.Cloud) int {
	id := atlas.MTUOnPremInternet
	switch c {
	case vocab.AWS:
		id = atlas.MTUAWSInternet
	case vocab.GCP:
		id = atlas.MTUGCPInternet
	case vocab.Azure:
		id = atlas.MTUAzureInternet
	case vocab.OnPrem, vocab.Exchange:
	}
	mtu, _ := b.atlas.MTU(id)
	return mtu
}

// translate makes the NATs of a VPC on its way to the internet: of machines in
// public subnets one address for one, of those that a NAT serves the NAT's.
func (b *builder) translate(v *fabric.VPC, site fabric.SiteID, w way, world *table) {
	n := b.ofVPC[v.ID]
	add := func(id string, from netip.Prefix, to netip.Addr, both bool) {
		n.nats = append(n.nats, nodeconf.NAT{ID: id, Device: w.a, Source: from, To: to, Both: both})
		world.route(netip.PrefixFrom(to, to.BitLen()), preferLocal, w.b)
	}
	for i := range b.plan.Machines {
		m := &b.plan.Machines[i]
		s, ok := b.net.Subnet(m.Subnet)
		if ok && s.VPC == v.ID && b.region(s.Site) == b.region(site) && m.Public.IsValid() {
			add(m.Name, netip.PrefixFrom(m.Addr, m.Addr.BitLen()), m.Public, true)
		}
	}
	for _, s := range b.index.subnetsOf[v.ID] {
		if b.region(s.Site) != b.region(site) || s.Purpose != fabric.Workload || s.Internet == fabric.Public {
			continue
		}
		for _, part := range parts(s) {
			if nat := b.natOf(v, s, part); nat != "" {
				if !b.outward[nat].IsValid() {
					b.outward[nat] = b.publics.address()
				}
				add(string(nat)+" "+part.Prefix.String(), part.Prefix, b.outward[nat], false)
			}
		}
	}
}

// natOf is the NAT that translates what a part of a subnet sends to the
// internet: in AWS the one that its table names, else the one that serves it.
func (b *builder) natOf(v *fabric.VPC, s *fabric.Subnet, part fabric.SubnetPart) fabric.NATID {
	if v.Cloud == vocab.AWS {
		rt := b.index.tables[partTable(s, part)]
		if rt == nil {
			return ""
		}
		for i := range rt.Routes {
			if h := rt.Routes[i].Hop; h.Kind == fabric.HopNAT && rt.Routes[i].Prefix.Bits() == 0 && b.leadsOut(v, h.NAT) {
				return h.NAT
			}
		}
		return ""
	}
	for _, x := range b.index.natsOf[v.ID] {
		if slices.Contains(x.Serves, s.ID) && b.region(x.Site) == b.region(s.Site) {
			return x.ID
		}
	}
	return ""
}

// leadsOut reports whether the table of the subnet that an AWS NAT gateway
// stands in has a way to the internet, by which goes what it translates.
func (b *builder) leadsOut(v *fabric.VPC, id fabric.NATID) bool {
	nat := b.index.nats[id]
	if nat == nil || !v.InternetGateway {
		return false
	}
	s, ok := b.net.Subnet(nat.Subnet)
	if !ok {
		return false
	}
	for _, part := range parts(&s) {
		rt := b.index.tables[partTable(&s, part)]
		if rt == nil || nat.Zone != "" && part.Zone != "" && part.Zone != nat.Zone {
			continue
		}
		return slices.ContainsFunc(rt.Routes, func(r fabric.Route) bool {
			return r.Prefix.Bits() == 0 && r.Hop.Kind == fabric.HopInternetGateway
		})
	}
	return false
}

// world puts the machine of the internet behind its router, where any network
// has a way to it or the policy speaks of it.
func (b *builder) world() {
	if b.nodes[internetNode] == nil {
		return
	}
	t := b.node(internetNode).table("internet", "")
	m := Machine{Name: internetMachine, Host: internetMachine, Addr: internetAddr, MTU: b.internetMTU(vocab.OnPrem), Open: b.services()}
	b.stand(&m, t, t, m.MTU)
}
