package outage

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// naive judges failures the long way: all tables from nothing, every pair of
// places address by address, every flow of traffic anew.
type naive struct {
	p      *verify.Proof
	tables *routes.Tables
	failed routes.Failure
	memo   map[string]naiveTrip
}

// naiveTrip is a way as text, with what it puts where.
type naiveTrip struct {
	text     string
	state    tripState
	out      bool               // to the internet, with an address that is known there
	crossed  map[string]float64 // link and site left: share of the packets
	capacity map[string]float64
}

func (n *naive) trip(table int, to netip.Addr, beyond bool) naiveTrip {
	key := fmt.Sprint(table, to)
	if t, ok := n.memo[key]; ok {
		return t
	}
	out := naiveTrip{crossed: map[string]float64{}, capacity: map[string]float64{}}
	paths, complete := n.tables.Trace(table, to)
	for _, p := range paths {
		share := 1.0
		for i, s := range p.Steps {
			out.text += fmt.Sprintf("%s %v;", n.tables.Tables[s.Table].ID, s.Route.Hops)
			if len(s.Route.Hops) > 0 {
				share *= float64(len(s.Hops)) / float64(len(s.Route.Hops))
			}
			byLink := map[fabric.LinkID]float64{}
			count := map[fabric.LinkID]float64{}
			for _, h := range s.Hops {
				t, _ := n.p.Net.Tunnel(h.Tunnel)
				byLink[h.Link] += float64(t.Rate)
				count[h.Link]++
			}
			for id, rate := range byLink {
				l, ok := n.p.Net.Link(id)
				if !ok {
					continue
				}
				left := n.tables.Tables[s.Table].Site
				if left != l.Sites[0] && left != l.Sites[1] && i+1 < len(p.Steps) {
					left = l.Sites[0]
					if n.tables.Tables[p.Steps[i+1].Table].Site == l.Sites[0] {
						left = l.Sites[1]
					}
				}
				for _, g := range l.Gateways {
					if most, ok := n.limit(g); rate > 0 && ok {
						rate = min(rate, most)
					}
				}
				k := string(id) + " from " + string(left)
				out.crossed[k] += share * count[id] / float64(len(s.Hops))
				if old, ok := out.capacity[k]; !ok || rate > 0 && (old == 0 || rate < old) {
					out.capacity[k] = rate
				}
			}
		}
		n.pass(&out, p, share)
		out.text += p.Outcome.String() + "\n"
		if p.Outcome == routes.ToInternet && !to.IsPrivate() && !netip.MustParsePrefix("100.64.0.0/10").Contains(to) {
			out.out = true
		}
		switch {
		case p.Outcome == routes.Delivered, p.Outcome == routes.ToInternet && beyond:
		case p.Outcome == routes.NotModelled:
			if out.state == arrives {
				out.state = undecided
			}
		default:
			out.state = falls
		}
	}
	if out.state == arrives && (!complete || len(paths) == 0) {
		out.state = undecided
	}
	n.memo[key] = out
	return out
}

// limit is what an Azure gateway or a virtual private gateway carries in all
// after the failure, in bits per second; false where it has no such bound.
func (n *naive) limit(id fabric.GatewayID) (float64, bool) {
	g, _ := n.p.Net.Gateway(id)
	rate := 0.0
	switch g.Kind {
	case fabric.VPNGateway:
		for _, s := range n.p.Atlas.SKUs(vocab.Azure, atlas.SKUGateway) {
			if s.Name == g.SKU && s.Generation == g.Generation {
				rate = float64(s.Aggregate)
			}
		}
	case fabric.VirtualHub:
		rate = float64(500*vocab.Mbps) * float64(g.ScaleUnits)
	case fabric.VirtualPrivateGateway:
		return float64(1250 * vocab.Mbps), true
	case fabric.TransitGateway, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
	}
	left := 0
	for i := range g.Interfaces {
		dead := false
		for _, p := range n.failed {
			dead = dead || holds(g.Interfaces[i].Domains, p)
		}
		if !dead {
			left++
		}
	}
	if len(g.Interfaces) > 1 {
		rate *= float64(left) / float64(len(g.Interfaces))
	}
	return rate, rate > 0
}

// pass adds the gateways, routers of hubs and attachments that a path passes.
func (n *naive) pass(to *naiveTrip, p routes.Path, share float64) {
	add := func(k string, most float64) {
		to.crossed[k] += share
		to.capacity[k] = most
	}
	for i, s := range p.Steps {
		if len(s.Hops) == 0 {
			return
		}
		h, here := s.Hops[0], n.tables.Tables[s.Table]
		a, _ := n.p.Net.Attachment(h.Attachment)
		zones := 0
		for _, id := range a.Subnets {
			x, _ := n.p.Net.Subnet(id)
			for _, part := range x.Parts {
				if !slices.Contains(n.failed, routes.Part{Kind: routes.ZonePart, ID: part.Zone}) {
					zones++
				}
			}
		}
		switch a.Kind {
		case fabric.TransitVPCAttachment:
			add(fmt.Sprint(a.ID, here.Kind == routes.TransitTable), float64(100*vocab.Gbps)*float64(zones))
		case fabric.TransitPeering:
			add(fmt.Sprint(a.ID, here.Gateway), float64(100*vocab.Gbps))
		default:
		}
		g, ok := n.p.Net.Gateway(here.Gateway)
		if !ok || h.Kind != routes.Forward && h.Kind != routes.Deliver {
			continue
		}
		from, into := i > 0 && p.Steps[i-1].Hops[0].Tunnel != "", h.Tunnel != ""
		through := !from && !into && g.Kind == fabric.VPNGateway
		most, _ := n.limit(g.ID)
		switch g.Kind {
		case fabric.VPNGateway, fabric.VirtualHub, fabric.VirtualPrivateGateway:
			if into || through {
				add(string(g.ID)+" sends", most)
			}
			if (from || through) && g.Kind != fabric.VirtualPrivateGateway {
				add(string(g.ID)+" takes in", most)
			}
			if g.Kind == fabric.VirtualHub && !from && !into {
				add(string(g.ID)+" routes", float64(3*vocab.Gbps))
			}
		default:
		}
	}
}

// naiveSpot is a part of a place with the first or last address of it.
type naiveSpot struct {
	place int
	part  verify.PlacePart
	addr  netip.Addr
}

func (n *naive) spots(place int) []naiveSpot {
	var out []naiveSpot
	for _, part := range n.p.Places()[place].Parts {
		out = append(out, naiveSpot{place, part, part.Prefix.Addr()}, naiveSpot{place, part, prefix.LastAddr(part.Prefix)})
	}
	return out
}

func (n *naive) beyond(s naiveSpot) bool {
	return (n.p.KindOf(s.place) == verify.ForeignPlace || n.p.KindOf(s.place) == verify.InternetPlace)
}

func (n *naive) down(s naiveSpot) bool {
	switch pl := &n.p.Places()[s.place]; {
	case pl.Subnet != "":
		return n.tables.Down(pl.Subnet, s.part.Zone)
	case pl.Site != "":
		return n.tables.SiteDown(pl.Site)
	}
	return false
}

// loads gives the expected traffic by crossing.
func (n *naive) loads() map[string]float64 {
	out := map[string]float64{}
	for _, f := range n.p.Net.Flows {
		var pairs [][2]naiveSpot
		for _, x := range n.flowEnd(&f.From) {
			for _, y := range n.flowEnd(&f.To) {
				if x.part.Table >= 0 && !n.down(x) && !n.down(y) {
					pairs = append(pairs, [2]naiveSpot{x, y})
				}
			}
		}
		for _, p := range pairs {
			t := n.trip(p[0].part.Table, p[1].addr, n.beyond(p[1]))
			if t.state == falls {
				continue
			}
			for k, share := range t.crossed {
				out[k] += float64(f.Peak) * share / float64(len(pairs))
			}
		}
	}
	return out
}

func (n *naive) flowEnd(e *fabric.FlowEnd) []naiveSpot {
	var out []naiveSpot
	for i := range n.p.Places() {
		switch n.p.KindOf(i) {
		case verify.SubnetPlace:
			if slices.Contains(e.Subnets, n.p.Places()[i].Subnet) {
				out = append(out, n.spots(i)...)
			}
		case verify.SitePlace:
			if len(e.Subnets) == 0 && n.p.Places()[i].Site == e.Site {
				out = append(out, n.spots(i)...)
			}
		case verify.InternetPlace, verify.EndpointPlace, verify.VPCPlace, verify.ForeignPlace:
		}
	}
	return out
}

// effects gives the worst effect on each pair of groups, and whether packets
// then leave for the internet that did not before.
func naiveEffects(p *verify.Proof, healthy *naive, f routes.Failure) map[string]string {
	n := &naive{p: p, tables: routes.Compute(p.Net, p.Atlas, f), failed: f, memo: map[string]naiveTrip{}}
	was, is := healthy.loads(), n.loads()
	worst, exposed := map[string]Effect{}, map[string]bool{}
	places := p.Places()
	for from, to := range p.Joined() {
		if from == to {
			continue
		}
		pair := places[from].Group.String() + " to " + places[to].Group.String()
		for _, x := range n.spots(from) {
			for _, y := range n.spots(to) {
				if n.down(x) || n.down(y) {
					continue
				}
				worst[pair] = max(worst[pair], naiveEffect(healthy, n, was, is, x, y))
				exposed[pair] = exposed[pair] || naiveExposed(healthy, n, x, y)
			}
		}
	}
	out := map[string]string{}
	for k, e := range worst {
		if e != Unaffected {
			out[k] = effectText(e, exposed[k])
		}
	}
	return out
}

func effectText(e Effect, exposed bool) string {
	if exposed {
		return e.String() + ", exposed"
	}
	return e.String()
}

// naiveExposed reports whether packets that arrived otherwise, in both
// directions, leave for the internet.
func naiveExposed(healthy, n *naive, x, y naiveSpot) bool {
	out := false
	for _, w := range [][2]naiveSpot{{x, y}, {y, x}} {
		if w[0].part.Table < 0 {
			continue
		}
		before, after := healthy.trip(w[0].part.Table, w[1].addr, n.beyond(w[1])), n.trip(w[0].part.Table, w[1].addr, n.beyond(w[1]))
		if before.state != arrives {
			return false
		}
		out = out || after.out && !before.out
	}
	return out
}

func naiveEffect(healthy, n *naive, was, is map[string]float64, x, y naiveSpot) Effect {
	var before, after []naiveTrip
	for _, w := range [][2]naiveSpot{{x, y}, {y, x}} {
		if w[0].part.Table >= 0 {
			before = append(before, healthy.trip(w[0].part.Table, w[1].addr, n.beyond(w[1])))
			after = append(after, n.trip(w[0].part.Table, w[1].addr, n.beyond(w[1])))
		}
	}
	out := Unaffected
	for i := range after {
		if before[i].state != arrives {
			return Unaffected // not the failure's doing
		}
	}
	for i := range after {
		switch {
		case after[i].state == falls:
			return Lost
		case after[i].state == undecided:
			out = NotKnown
		case after[i].text != before[i].text:
			out = max(out, Slower)
		}
		for k, room := range after[i].capacity {
			_, direction, _ := strings.Cut(k, " ")
			if was, ok := before[i].capacity[k]; ok && room < was && (direction == "sends" || direction == "takes in") {
				out = max(out, Slower)
			}
		}
	}
	if out == NotKnown {
		return out
	}
	for i := range after {
		for k, capacity := range after[i].capacity {
			if capacity == 0 || is[k] <= capacity*(1+1e-9) {
				continue
			}
			old, crossed := 0.0, false
			for j := range before {
				if c, ok := before[j].capacity[k]; ok && !crossed {
					old, crossed = c, true
				}
			}
			if !crossed || old == 0 || is[k]/capacity > was[k]/old*(1+1e-9) {
				out = max(out, Congested)
			}
		}
	}
	return out
}

// open is a network whose private ways to public addresses have the internet
// as their backup: of one subnet of dublin, by NAT.
const open = `version: 1
name: open
accounts: {prod: {cloud: aws, id: "111122223333"}}
sites:
  dublin:
    cloud: aws
    region: eu-west-1
    gateway: {kind: virtual-private-gateway}
    networks: {app: {size: /20, subnets: {web: {size: /24, internet: nat}, data: {size: /24}}}}
  office: {cloud: onprem, city: Dublin, cidrs: [93.184.216.0/24, 192.168.0.0/24], public_ip: 203.0.113.10, bgp: {asn: 65010}}
  cork: {cloud: onprem, city: Cork, cidrs: [93.184.217.0/24], public_ip: 203.0.113.20, bgp: {asn: 65011}}
connect:
  - {link: [dublin, office]}
  - {link: [dublin, cork]}
policy:
  - {from: dublin, to: office, ports: [tcp/443]}
  - {from: cork, to: dublin, ports: [tcp/443]}
`

// TestFailuresAgainstNaive: each single failure of each small network, and
// some of two parts, do to each pair what the long way says.
func TestFailuresAgainstNaive(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "network.yaml"), []byte(open), 0o600); err != nil {
		t.Fatal(err)
	}
	exposed := 0
	for _, c := range slices.Concat(corpus, []folder{{"open", dir}}) {
		if c.name == "estate" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			n, a := compiled(t, c.dir)
			p := verify.New(n, a)
			m := New(p)
			healthy := &naive{p: p, tables: p.Tables, memo: map[string]naiveTrip{}}
			harmed := 0
			parts := p.Plane.Parts()
			var failures []routes.Failure
			for _, part := range parts {
				failures = append(failures, routes.NewFailure(part))
			}
			random := rand.New(rand.NewPCG(1, 2))
			for range 60 {
				failures = append(failures, routes.NewFailure(parts[random.IntN(len(parts))], parts[random.IntN(len(parts))]))
			}
			for _, f := range failures {
				got := harmsOf(newBreaker(m.reach()).judge(f))
				want := naiveEffects(p, healthy, f)
				harmed += len(want)
				for _, e := range want {
					if strings.Contains(e, "exposed") {
						exposed++
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("judge(%v) (-naive +got):\n%s", f, diff)
				}
			}
			if harmed == 0 && len(n.Links) > 0 {
				t.Errorf("no failure of %d parts harms any pair", len(parts))
			}
		})
	}
	if exposed == 0 {
		t.Error("no failure of any network sends packets to the internet")
	}
}

func effectsOf(impacts []Impact) map[string]string {
	out := map[string]string{}
	for _, i := range impacts {
		out[i.From.String()+" to "+i.To.String()] = naivelyKnown(i.Effect).String()
	}
	return out
}

func harmsOf(harms []harm) map[string]string {
	out := map[string]string{}
	for i := range harms {
		h := &harms[i]
		out[h.From.String()+" to "+h.To.String()] = effectText(naivelyKnown(h.Effect), h.exposed)
	}
	return out
}

// naivelyKnown is an effect as the long way sees it, which knows no firewalls.
func naivelyKnown(e Effect) Effect {
	if e == OneWay {
		return Slower
	}
	return e
}
