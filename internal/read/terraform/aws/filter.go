package aws

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// group is a security group with its rules.
type group struct {
	x       *doc.Resource
	id      fabric.FilterID
	vpc     fabric.VPCID
	meta    fabric.Meta
	rules   []groupRule
	subnets []int // where machines are seen to have it, or tieline says so
}

// groupRule is a rule with the group that it speaks of, if any.
type groupRule struct {
	fabric.FilterRule
	peer *doc.Resource
}

var groupTypes = doc.Types("aws_security_group", "aws_default_security_group")

// readFilters reads security groups and says which each subnet's machines have.
// Groups belong to machines and not to subnets, so a subnet whose machines are
// not in the file has a filter that is unread.
func (r *reader) readFilters() {
	for _, x := range r.src.Of(groupTypes.Types...) {
		i, ok := r.vpcOf(x, "vpc_id")
		if !ok {
			r.unclear(x, "the security group's VPC is not known")
			continue
		}
		v := r.d.Net.VPCs[i]
		g := &group{x: x, vpc: v.ID, meta: r.meta(x)}
		g.id = fabric.FilterID(r.d.ID(string(v.ID) + "/" + title(x) + "/sg"))
		r.groups[x] = g
	}
	for _, x := range r.src.Of(groupTypes.Types...) {
		if g := r.groups[x]; g != nil {
			r.inlineRules(g)
		}
	}
	r.ownRules()
	r.holders()
	r.endpointFilters()
}

func (r *reader) inlineRules(g *group) {
	for _, d := range []fabric.Direction{fabric.Ingress, fabric.Egress} {
		name := d.String()
		if g.x.Unknown(name) && len(g.x.Blocks(name)) == 0 {
			draft.Doubt(&g.meta, "its rules are only known once applied")
		}
		for _, b := range g.x.Blocks(name) {
			r.addRules(g, b, d, farSides{cidrs: "cidr_blocks", groups: "security_groups", lists: "prefix_list_ids", v6: "ipv6_cidr_blocks"}, "protocol")
		}
	}
}

// ownRules reads the rules that are resources of their own.
func (r *reader) ownRules() {
	for _, x := range r.src.Of("aws_security_group_rule") {
		d := fabric.Ingress
		if x.Text("type") == "egress" {
			d = fabric.Egress
		}
		if g := r.groupOf(x); g != nil {
			r.addRules(g, x.Block, d, farSides{cidrs: "cidr_blocks", groups: "source_security_group_id", lists: "prefix_list_ids", v6: "ipv6_cidr_blocks"}, "protocol")
		}
	}
	sides := farSides{cidrs: "cidr_ipv4", groups: "referenced_security_group_id", lists: "prefix_list_id", v6: "cidr_ipv6"}
	for _, x := range r.src.Of("aws_vpc_security_group_ingress_rule") {
		if g := r.groupOf(x); g != nil {
			r.addRules(g, x.Block, fabric.Ingress, sides, "ip_protocol")
		}
	}
	for _, x := range r.src.Of("aws_vpc_security_group_egress_rule") {
		if g := r.groupOf(x); g != nil {
			r.addRules(g, x.Block, fabric.Egress, sides, "ip_protocol")
		}
	}
}

func (r *reader) groupOf(x *doc.Resource) *group {
	l := x.One("security_group_id", groupTypes)
	if g := r.groups[l.To]; g != nil {
		return g
	}
	for _, c := range x.Could("security_group_id", groupTypes) {
		if g := r.groups[c]; g != nil {
			draft.Doubt(&g.meta, x.Address+" may be a rule of it")
		}
	}
	r.unclear(x, "the security group of the rule is not in the file or cannot be told")
	return nil
}

// farSides are the arguments that say whom a rule is about.
type farSides struct{ cidrs, groups, lists, v6 string }

// addRules adds what one native rule says, a rule for each kind of far side.
func (r *reader) addRules(g *group, b doc.Block, d fabric.Direction, side farSides, protocol string) {
	x := b.Resource()
	rule := fabric.FilterRule{Direction: d, Action: fabric.Allow, Origin: x.Origin, Name: cmp.Or(b.Text("description"), x.Index.Key, x.Name)}
	if x == g.x {
		rule.Name = cmp.Or(b.Text("description"), d.String())
	}
	rule.Services, rule.PathMTU, rule.Unread = service(b, protocol)
	list, rest := b.Prefixes(side.cidrs)
	list = slices.DeleteFunc(list, notIPv4)
	if b.Unknown(side.cidrs) || len(rest) > 0 {
		r.addRule(g, rule, nil, "whom it is about is only known once applied")
	}
	if len(list) > 0 {
		one := rule
		one.Peers = list
		if slices.Contains(list, everywhere) {
			one.Peers, one.All = nil, true
		}
		r.addRule(g, one, nil, "")
	}
	if b.True("self") {
		r.addRule(g, rule, g.x, "")
	}
	r.groupPeers(g, b, rule, side.groups)
	r.listPeers(g, b, rule, side.lists)
}

func (r *reader) groupPeers(g *group, b doc.Block, rule fabric.FilterRule, name string) {
	if b.Get(name).Kind() != doc.Array {
		switch l := b.One(name, groupTypes); l.Clarity {
		case doc.Inside:
			r.addRule(g, rule, l.To, "")
		case doc.Outside, doc.Unclear:
			r.addRule(g, rule, nil, "the security group that it names is not in the file or cannot be told")
		case doc.Unset:
		}
		return
	}
	list, outside, clear := b.All(name, groupTypes)
	for _, peer := range list {
		r.addRule(g, rule, peer, "")
	}
	if len(outside) > 0 || !clear {
		r.addRule(g, rule, nil, "a security group that it names is not in the file or cannot be told")
	}
}

// listPeers adds rules to prefix lists: managed ones of the file, and those of
// gateway endpoints.
func (r *reader) listPeers(g *group, b doc.Block, rule fabric.FilterRule, name string) {
	if !b.Set(name) {
		return
	}
	if list, ok := r.prefixList(b, name); ok {
		rule.Peers = slices.DeleteFunc(list, notIPv4)
		r.addRule(g, rule, nil, "")
		return
	}
	endpoints, outside, clear := b.All(name, doc.Types("aws_vpc_endpoint"))
	if l := b.One(name, doc.Types("aws_vpc_endpoint")); b.Get(name).Kind() != doc.Array {
		endpoints, outside, clear = nil, nil, l.Clarity == doc.Inside
		if clear {
			endpoints = []*doc.Resource{l.To}
		}
		if l.Clarity == doc.Outside {
			outside = []string{l.Text}
		}
	}
	for _, id := range slices.Clone(outside) { // of an endpoint, by its list's id
		for _, e := range r.src.Of("aws_vpc_endpoint") {
			if e.Text("prefix_list_id") == id {
				endpoints = append(endpoints, e)
				outside = slices.DeleteFunc(outside, func(s string) bool { return s == id })
			}
		}
	}
	if len(outside) > 0 {
		clear = false
	} else if len(endpoints) > 0 && b.Get(name).Has() {
		clear = true
	}
	for _, e := range endpoints {
		if i, ok := r.endpoints[e]; ok {
			to := rule
			to.PeerEndpoint = r.d.Net.Endpoints[i].ID
			r.addRule(g, to, nil, "")
		}
	}
	if !clear {
		r.addRule(g, rule, nil, "a prefix list that it names is not in the file or cannot be told")
	}
}

func (r *reader) addRule(g *group, rule fabric.FilterRule, peer *doc.Resource, unread string) {
	if unread != "" {
		rule.Unread = join(rule.Unread, unread)
		rule.All = true // it may be about anyone
	}
	g.rules = append(g.rules, groupRule{rule, peer})
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// service reads the protocol and ports of a rule of a security group. ICMP has
// its type and code in the ports.
func service(b doc.Block, protocol string) (list []vocab.Service, pathMTU bool, unread string) {
	if b.Unknown(protocol) || b.Unknown("from_port") || b.Unknown("to_port") {
		return nil, false, "its protocol or ports are only known once applied"
	}
	proto, ok := proto(b.Text(protocol))
	if !ok {
		return nil, false, "protocol " + strconv.Quote(b.Text(protocol)) + " is not known"
	}
	from, hasFrom := b.Get("from_port").Int()
	to, hasTo := b.Get("to_port").Int()
	s := vocab.Service{Proto: proto}
	switch {
	case proto == vocab.AnyProto:
		return nil, false, ""
	case proto == vocab.ICMP && from == 3 && to == 4: // fragmentation needed, RFC 1191 section 4
		return []vocab.Service{s}, true, ""
	case (proto == vocab.ICMP || proto == vocab.ICMPv6) && (hasFrom && from != -1 || hasTo && to != -1):
		return []vocab.Service{s}, false, "it is about one type of ICMP"
	case proto.HasPorts() && hasFrom && hasTo:
		ports, ok := portRange(from, to)
		if !ok {
			return []vocab.Service{s}, false, "its ports are out of range"
		}
		s.Ports = ports
	}
	return []vocab.Service{s}, false, ""
}

func portRange(from, to int) (vocab.PortRange, bool) {
	const most = 1<<16 - 1
	switch {
	case from == -1 && to == -1, from == 0 && to == most:
		return vocab.PortRange{}, true
	case from < 0 || to > most || to < from:
		return vocab.PortRange{}, false
	case to == 0: // port 0 alone, which the zero range does not mean
		return vocab.PortRange{}, false
	}
	return vocab.PortRange{First: uint16(from), Last: uint16(to)}, true
}

// proto reads a protocol as EC2 has it: a name or a number, -1 for any.
func proto(s string) (vocab.Proto, bool) {
	s = strings.ToLower(s)
	if s == "-1" || s == "all" {
		return vocab.AnyProto, true
	}
	if p, err := vocab.ParseProto(s); err == nil && s != "any" {
		return p, true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return vocab.Proto(n), err == nil && n > 0
}

// holders finds out which groups the machines of each subnet have, and makes a
// filter for each group and for each other set of groups.
func (r *reader) holders() {
	n := r.d.Net
	sets, doubts := r.machines()
	of := map[int][]*group{}
	for _, i := range sorted(r.subnets) {
		s := &n.Subnets[i]
		switch {
		case s.Purpose != fabric.Workload:
		case len(sets[i]) > 0:
			of[i] = sets[i]
		default:
			if g := r.declared(i); g != nil {
				of[i] = []*group{g}
			}
		}
		for _, g := range of[i] {
			g.subnets = append(g.subnets, i)
		}
	}
	for _, x := range r.src.Of(groupTypes.Types...) {
		g := r.groups[x]
		if g == nil {
			continue
		}
		f := fabric.Filter{ID: g.id, Meta: g.meta, Kind: fabric.SecurityGroup, VPC: g.vpc, Site: r.vpc(g.vpc).Sites[0], Name: cmp.Or(x.Text("name"), title(x))}
		f.Rules = r.resolve(g.rules, of)
		n.Filters = append(n.Filters, f)
	}
	for _, i := range sorted(r.subnets) {
		s := &n.Subnets[i]
		if s.Purpose != fabric.Workload {
			continue
		}
		switch groups := of[i]; {
		case len(groups) == 1 && doubts[i] == "":
			s.Filter = groups[0].id
		case len(groups) == 0:
			s.Filter = r.unknownMachines(s)
		default:
			s.Filter = r.union(s, groups, of, doubts[i])
		}
	}
}

// declared returns the group that tieline made for a subnet: it says so in its
// description, and the subnet's key begins with the name.
func (r *reader) declared(subnet int) *group {
	s := &r.d.Net.Subnets[subnet]
	for _, x := range r.src.Of(subnetTypes.Types...) {
		if i, ok := r.subnets[x]; !ok || i != subnet || !ours(x) {
			continue
		}
		name := strings.TrimSuffix(x.Index.Key, "-"+s.Parts[0].Zone)
		for _, y := range r.src.Of("aws_security_group") {
			owner, ok := strings.CutPrefix(y.Text("description"), "Managed by tieline: ")
			g := r.groups[y]
			if ok && g != nil && g.vpc == s.VPC && strings.Count(owner, "/") == 2 && owner[strings.LastIndexByte(owner, '/')+1:] == name {
				return g
			}
		}
	}
	return nil
}

// unknownMachines is the filter of a VPC's subnets whose machines are not in
// the file.
func (r *reader) unknownMachines(s *fabric.Subnet) fabric.FilterID {
	id := fabric.FilterID(string(s.VPC) + "/machines/sg")
	n := r.d.Net
	if !slices.ContainsFunc(n.Filters, func(f fabric.Filter) bool { return f.ID == id }) {
		m := r.vpc(s.VPC).Meta
		m.Unread = "which security groups the machines have is not in the file"
		n.Filters = append(n.Filters, fabric.Filter{ID: id, Meta: m, Kind: fabric.SecurityGroup, Site: s.Site, VPC: s.VPC, Name: "unknown"})
	}
	return id
}

// union is the filter of machines with several groups: what any of them allows.
func (r *reader) union(s *fabric.Subnet, groups []*group, of map[int][]*group, doubt string) fabric.FilterID {
	f := fabric.Filter{ID: fabric.FilterID(r.d.ID(string(s.ID) + "/sg")), Meta: s.Meta, Kind: fabric.SecurityGroup, Site: s.Site, VPC: s.VPC}
	f.Meta.Unread = doubt
	var names []string
	for _, g := range groups {
		f.Rules = append(f.Rules, r.resolve(g.rules, of)...)
		names = append(names, cmp.Or(g.x.Text("name"), title(g.x)))
		if g.meta.Unread != "" {
			draft.Doubt(&f.Meta, g.meta.Unread)
		}
	}
	f.Name = strings.Join(names, " and ")
	number(f.Rules)
	r.d.Net.Filters = append(r.d.Net.Filters, f)
	return f.ID
}

// resolve names the filters that rules speak of. A group stands for the
// subnets whose machines have it; where these have other groups too, for their
// prefixes. A group that no machine of the file has may be anyone's.
func (r *reader) resolve(rules []groupRule, of map[int][]*group) []fabric.FilterRule {
	n := r.d.Net
	var out []fabric.FilterRule
	for _, rule := range rules {
		if rule.peer == nil {
			out = append(out, rule.FilterRule)
			continue
		}
		g := r.groups[rule.peer]
		one := rule.FilterRule
		switch {
		case g == nil:
			one.All, one.Unread = true, join(one.Unread, "the security group that it names is not known")
		case !slices.ContainsFunc(g.subnets, func(i int) bool { return len(of[i]) > 1 }):
			one.PeerFilter = g.id
			if len(g.subnets) == 0 && !r.endpointGroup(g) {
				one.Unread = join(one.Unread, "no machine of the file has the security group that it names")
			}
		default:
			for _, i := range g.subnets {
				one.Peers = append(one.Peers, n.Subnets[i].Prefix)
			}
		}
		out = append(out, one)
	}
	number(out)
	return out
}

// endpointGroup reports whether a group is of an interface endpoint of the file.
func (r *reader) endpointGroup(g *group) bool {
	return slices.ContainsFunc(r.src.Of("aws_vpc_endpoint"), func(x *doc.Resource) bool {
		list, _, _ := x.All("security_group_ids", groupTypes)
		return slices.Contains(list, g.x)
	})
}

// number makes the names of rules unique.
func number(rules []fabric.FilterRule) {
	seen := map[string]int{}
	for i := range rules {
		name := rules[i].Name
		seen[name]++
		if seen[name] > 1 {
			rules[i].Name = name + " #" + strconv.Itoa(seen[name])
		}
	}
}
