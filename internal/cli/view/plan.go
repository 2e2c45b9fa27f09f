package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/price"
	"github.com/tieline/tieline/internal/vocab"
)

// Plan is a compiled network with its bill, its findings, and what changes.
type Plan struct {
	Network  *fabric.Network
	Atlas    *atlas.Atlas
	Bill     price.Bill
	Findings diag.List
	Lock     lock.Lock
	LockPath string
	NewLock  bool // there was none before
	Changes  lock.Changes
}

// The most that a plan shows of each kind before it sums up: it is to be read
// in a minute.
const (
	mostSites    = 32 // lines of sites and their networks
	mostGateways = 12
	mostLinks    = 16
	mostFindings = 8
	mostLines    = 6 // of the bill
	mostChanges  = 6
)

// Plan prints the account of a network.
func (p *Printer) Plan(v Plan) {
	p.header(v)
	p.Blank()
	p.sites(v)
	unsure := doubts(v.Network, v.Atlas)
	p.gateways(v, marks(unsure))
	p.links(v, marks(unsure))
	p.doubtLegend(unsure)
	p.rules(v)
	p.findings(v.Findings)
	p.bill(v)
	p.changes(v)
}

func (p *Printer) header(v Plan) {
	n := v.Network
	parts := []string{Count(len(n.Sites), "site"), Count(len(n.VPCs), "network"), Count(workloads(n), "subnet"), Count(len(n.Links), "link")}
	if len(n.Tunnels) > 0 {
		parts = append(parts, Count(len(n.Tunnels), "tunnel"))
	}
	name := p.bold(n.Name)
	if n.Environment != "" {
		name += " " + p.dim("("+n.Environment+")")
	}
	p.Wrapped("", "  ", fmt.Sprintf("%s: %s, %s USD a month", name, strings.Join(parts, ", "), v.Bill.Total))
}

// workloads counts the subnets that the spec asks for.
func workloads(n *fabric.Network) int {
	count := 0
	for _, s := range n.Subnets {
		if s.Purpose == fabric.Workload {
			count++
		}
	}
	return count
}

func (p *Printer) sites(v Plan) {
	n := v.Network
	p.Title("Sites", "")
	t := table{indent: "  ", columns: []column{
		{head: "SITE"},
		{head: "WHERE"},
		{head: "BLOCK"},
		{head: "NETWORK"},
		{head: "PREFIX"},
		{head: "SUBNETS", flex: true, wrap: true, drop: 1},
	}}
	for _, s := range n.Sites {
		cells := []string{p.bold(string(s.ID)), s.Cloud.Title() + " " + cmp.Or(s.Region, s.City), cidr(s.Block)}
		first := true
		for _, vpc := range n.VPCs {
			if !slices.ContainsFunc(vpc.Blocks, func(b fabric.SiteBlock) bool { return b.Site == s.ID }) {
				continue
			}
			t.add(append(cells, networkName(vpc), blocksAt(vpc, s.ID), subnetsText(n, vpc, s.ID))...)
			cells, first = []string{"", "", ""}, false
		}
		if first {
			t.add(append(cells, "", strings.Join(texts(s.Prefixes), ", "), "")...)
		}
	}
	if len(t.rows) > mostSites {
		p.manySites(n)
		return
	}
	t.print(p)
	p.Blank()
}

func (p *Printer) gateways(v Plan, m doubtMarks) {
	n := v.Network
	if len(n.Gateways) == 0 {
		return
	}
	p.Title("Gateways", "")
	t := table{indent: "  ", columns: []column{
		{head: "SITE"},
		{head: "KIND"},
		{head: "SKU"},
		{head: "AS", right: true},
		{head: "NETWORKS", right: true},
		{head: "TUNNELS", right: true},
		{head: "ANNOUNCES", flex: true, wrap: true, drop: 1},
	}}
	tunnels := map[fabric.GatewayID]int{}
	for _, t := range n.Tunnels {
		tunnels[t.Ends[0].Gateway]++
		tunnels[t.Ends[1].Gateway]++
	}
	for _, g := range n.Gateways {
		asn := ""
		if g.ASN != 0 {
			asn = g.ASN.String()
		}
		announces := strings.Join(texts(g.Announce), ", ")
		t.add(p.bold(string(g.Site)), gatewayTitle(g), m.mark(g.SKU, string(g.ID), "sku"), m.mark(asn, string(g.ID), "asn"), number(served(n, g)), number(tunnels[g.ID]), announces)
	}
	if len(t.rows) > mostGateways {
		p.manyGateways(n, tunnels)
		return
	}
	t.print(p)
	p.Blank()
}

func (p *Printer) more(n int, noun, where string) {
	if n > 0 {
		p.Line("  %s", p.dim(fmt.Sprintf("and %s: %s", strings.Replace(Count(n, noun), " ", " more ", 1), where)))
	}
}

func networkName(v fabric.VPC) string {
	name := v.Name
	if v.Existing != "" {
		name += " (joined)"
	}
	if v.Role == fabric.Hub && v.Name != "hub" {
		name += " (hub)"
	}
	return name
}

func blocksAt(v fabric.VPC, site fabric.SiteID) string {
	var out []string
	for _, b := range v.Blocks {
		if b.Site == site {
			out = append(out, b.Prefix.String())
		}
	}
	return strings.Join(out, ", ")
}

// served counts the networks that a gateway serves: its own and those attached.
func served(n *fabric.Network, g fabric.Gateway) int {
	vpcs := map[fabric.VPCID]bool{}
	if g.VPC != "" {
		vpcs[g.VPC] = true
	}
	for _, a := range n.Attachments {
		if a.Gateway == g.ID && a.VPC != "" {
			vpcs[a.VPC] = true
		}
	}
	return len(vpcs)
}

func gatewayTitle(g fabric.Gateway) string {
	switch g.Kind {
	case fabric.VirtualPrivateGateway:
		return "virtual private gateway"
	case fabric.TransitGateway:
		return "transit gateway"
	case fabric.HAVPN:
		return "HA VPN"
	case fabric.VPNGateway:
		return "VPN gateway"
	case fabric.VirtualHub:
		return "Virtual WAN hub"
	case fabric.Device:
		return "device"
	}
	return g.Kind.String()
}

// subnetsText gives what workloads have: training /20, inference /22 nat.
func subnetsText(n *fabric.Network, v fabric.VPC, site fabric.SiteID) string {
	var out []string
	for _, s := range n.Subnets {
		if s.VPC != v.ID || s.Site != site || s.Purpose != fabric.Workload {
			continue
		}
		text := fmt.Sprintf("%s /%d", s.Name, s.Prefix.Bits())
		if s.Internet != fabric.NoInternet {
			text += " " + s.Internet.String()
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func (p *Printer) links(v Plan, m doubtMarks) {
	n := v.Network
	if len(n.Links) == 0 {
		return
	}
	p.Title("Links", "")
	t := table{indent: "  ", columns: []column{
		{head: "LINK"},
		{head: "KIND"},
		{head: "TUNNELS", right: true},
		{head: "CARRIES", right: true},
		{head: "NEEDS", right: true, drop: 2},
		{head: "MTU", right: true},
		{head: "MSS", right: true, drop: 1},
		{head: "RTT", right: true},
		{head: "SUITE", flex: true, wrap: true, drop: 3},
	}}
	for _, l := range n.Links {
		id := string(l.ID)
		t.add(p.bold(linkText(l)), l.Kind.String(), number(len(l.Tunnels)), rate(l.Capacity), rate(max(l.Asked, l.Peak)),
			m.mark(number(l.MTU), id, "mtu"), m.mark(number(l.MSS), id, "mss"), rtt(l), m.mark(suiteText(l), id, "suite"))
	}
	if len(t.rows) > mostLinks {
		p.manyLinks(n)
		return
	}
	t.print(p)
	p.Blank()
}

func linkText(l fabric.Link) string {
	text := fmt.Sprintf("%s – %s", l.Sites[0], l.Sites[1])
	return text
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// rate prints a rate to three digits: what is derived from a volume a month
// is no more exact than that.
func rate(r vocab.Rate) string {
	if r == 0 {
		return ""
	}
	step := vocab.Rate(1)
	for r/step >= 1000 {
		step *= 10
	}
	return ((r + step/2) / step * step).String()
}

func rtt(l fabric.Link) string {
	if l.RTT == 0 {
		return ""
	}
	mark := ""
	if strings.HasPrefix(l.RTTSource, "estimated") {
		mark = "~"
	}
	return fmt.Sprintf("%s%.1f ms", mark, l.RTT)
}

// suiteText is the suite of a VPN in short: what both phases share once.
func suiteText(l fabric.Link) string {
	if l.Kind != fabric.VPN {
		return ""
	}
	s := l.Suite
	text := fmt.Sprintf("%s %s dh%s", s.IKEEncryption, s.PRF, s.IKEGroup)
	if s.ESPEncryption != s.IKEEncryption || s.PFSGroup != s.IKEGroup {
		text += fmt.Sprintf(", ESP %s dh%s", s.ESPEncryption, s.PFSGroup)
	}
	return text
}

func (p *Printer) rules(v Plan) {
	n := v.Network
	var kinds []fabric.FilterKind
	filters, rules := map[fabric.FilterKind]int{}, map[fabric.FilterKind]int{}
	for _, f := range n.Filters {
		if filters[f.Kind] == 0 {
			kinds = append(kinds, f.Kind)
		}
		filters[f.Kind]++
		rules[f.Kind] += len(f.Rules)
	}
	slices.Sort(kinds)
	p.Title("Rules", Count(len(n.Policy), "policy rule")+" of the spec; what no rule allows is denied")
	var parts []string
	for _, k := range kinds {
		parts = append(parts, fmt.Sprintf("%s with %s", Count(filters[k], k.String()), Count(rules[k], "rule")))
	}
	if len(parts) > 0 {
		p.Wrapped("  ", "  ", strings.Join(parts, ", "))
	}
	p.Blank()
}

func (p *Printer) findings(list diag.List) {
	p.Title("Findings", Tally(list))
	shown := list
	// Warnings come first: a note is never worth the place of one.
	slices.SortStableFunc(shown, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
	more := len(shown) - mostFindings
	if more > 0 {
		shown = shown[:mostFindings]
	}
	for _, d := range shown {
		at := ""
		if d.Pos.IsValid() {
			at = " " + p.dim("("+shortPos(d.Pos)+")")
		}
		p.Wrapped("  "+p.severity(d.Severity, d.Severity.String()+":")+" ", "    ", d.Summary+at)
	}
	p.more(more, "finding", "tieline plan --json has all")
	p.Blank()
}

// shortPos leaves the folder and the column out.
func shortPos(pos diag.Pos) string {
	pos.Col = 0
	if i := strings.LastIndexAny(pos.File, `/\`); i >= 0 {
		pos.File = pos.File[i+1:]
	}
	return pos.String()
}
