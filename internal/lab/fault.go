package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/relay"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// FaultKind is what is done to a path.
type FaultKind string

// The kinds of fault.
const (
	Blackhole FaultKind = "blackhole" // packets vanish on the way, both directions
	OneWay    FaultKind = "oneway"    // they vanish from A to B only
	Interface FaultKind = "interface" // the outside device of A's end goes down
	Daemon    FaultKind = "daemon"    // what carries A's end is killed with SIGKILL
	Degrade   FaultKind = "degrade"   // delay, loss or rate change
)

// FaultKinds lists the kinds that tieline lab cut takes.
var FaultKinds = []FaultKind{Blackhole, Daemon, Interface, OneWay}

// FaultRequest asks for a fault. Either A and B are sites (or gateways) joined
// by a link, or Part is something that fails as one, as the proof names it.
type FaultRequest struct {
	Kind   FaultKind  `json:"kind"`
	A      string     `json:"a,omitempty"`
	B      string     `json:"b,omitempty"`
	Tunnel int        `json:"tunnel"` // -1: all of the link
	Part   string     `json:"part,omitempty"`
	Delay  float64    `json:"delay,omitempty"` // milliseconds more, one way
	Loss   float64    `json:"loss,omitempty"`  // 0 to 1
	Rate   vocab.Rate `json:"rate,omitempty"`
}

// Fault is one that is in force.
type Fault struct {
	ID    int          `json:"id"`
	Since time.Time    `json:"since"`
	What  FaultRequest `json:"what"`
	// Paths are the directions of the relay that it changes; Ends the outsides
	// whose device is down; Nodes those that were killed.
	Paths []string `json:"paths,omitempty"`
	Ends  []string `json:"ends,omitempty"`
	Nodes []string `json:"nodes,omitempty"`
	// Daemons are the outsides whose IPsec daemon was killed; their nodes start
	// them again.
	Daemons []string `json:"daemons,omitempty"`
}

// faults are those in force, and what they have brought about.
type faults struct {
	mu   sync.Mutex
	next int
	list []Fault
	down map[string]bool // outsides whose device is down
	held map[string]bool // nodes that are killed
}

// way is one tunnel or wire with the names of its two directions, from the
// first of the link's sites.
type way struct {
	link   fabric.LinkID
	tunnel *fabric.Tunnel // nil of a wire
	names  [2]string
	base   relay.Line
}

// ways lists all that the relay carries.
func (l *Lab) ways() []way {
	var out []way
	for i := range l.plan.Paths {
		p := &l.plan.Paths[i]
		w := way{link: p.Link, names: [2]string{p.A, p.B}, base: lineOf(&p.Line)}
		if k := slices.IndexFunc(l.in.Network.Tunnels, func(t fabric.Tunnel) bool { return t.ID == p.Tunnel }); k >= 0 {
			w.tunnel = &l.in.Network.Tunnels[k]
		}
		out = append(out, w)
	}
	for i := range l.plan.Wires {
		w := &l.plan.Wires[i]
		out = append(out, way{link: l.linkOf(w), names: wireNames(w), base: lineOf(&w.Line)})
	}
	return out
}

// linkOf is the link that a wire makes, where it makes one: that of its
// attachment.
func (l *Lab) linkOf(w *nodes.Wire) fabric.LinkID {
	id, ok := strings.CutPrefix(w.ID, "attachment ")
	for i := range l.in.Network.Attachments {
		if a := &l.in.Network.Attachments[i]; ok && string(a.ID) == id && a.Link != "" {
			return a.Link
		}
	}
	return fabric.LinkID(w.ID)
}

// linkBetween finds the link of two sites, in either order, and whether they
// were given in the other order than the link's. A may be a link's id, with B
// empty.
func (l *Lab) linkBetween(a, b string) (*fabric.Link, bool, error) {
	var known []string
	for i := range l.in.Network.Links {
		k := &l.in.Network.Links[i]
		known = append(known, string(k.ID))
		ends := func(i int, ref string) bool { return string(k.Sites[i]) == ref || string(k.Gateways[i]) == ref }
		switch {
		case b == "" && string(k.ID) == a, ends(0, a) && ends(1, b):
			return k, false, nil
		case ends(1, a) && ends(0, b):
			return k, true, nil
		}
	}
	return nil, false, fmt.Errorf("no link joins %s and %s; there are %s", a, b, strings.Join(known, ", "))
}

// Fault puts a fault in force.
func (l *Lab) Fault(ctx context.Context, q FaultRequest) (Fault, error) {
	ways, swapped, err := l.struck(q)
	if err != nil {
		return Fault{}, err
	}
	f := Fault{Since: time.Now(), What: q}
	near := 0 // the end called A
	if swapped {
		near = 1
	}
	switch q.Kind {
	case Blackhole, Degrade:
		for _, w := range ways {
			f.Paths = append(f.Paths, w.names[:]...)
		}
	case OneWay:
		for _, w := range ways {
			f.Paths = append(f.Paths, w.names[near])
		}
	case Interface:
		for _, w := range ways {
			if w.tunnel == nil {
				return Fault{}, fmt.Errorf("%s has no outside device: it is inside a cloud; --kind blackhole cuts it", w.link)
			}
			f.Ends = append(f.Ends, w.names[near])
		}
	case Daemon:
		if err := l.daemons(&f, ways, near); err != nil {
			return Fault{}, err
		}
	default:
		return Fault{}, fmt.Errorf("kind %q: want blackhole, daemon, interface or oneway", q.Kind)
	}
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	for _, g := range l.faults.list {
		if g.What == q && q.Kind != Daemon {
			return Fault{}, fmt.Errorf("that fault is in force already, since %s", g.Since.Format(time.TimeOnly))
		}
	}
	l.faults.next++
	f.ID = l.faults.next
	l.faults.list = append(l.faults.list, f)
	if err := l.enforce(ctx); err != nil {
		l.faults.list = l.faults.list[:len(l.faults.list)-1]
		return Fault{}, errors.Join(err, l.enforce(ctx))
	}
	return f, nil
}

// daemons finds what carries the near ends, to be killed: of one IPsec tunnel
// its daemon, at once, which the node starts again by itself; else the node,
// which stays down until the fault heals.
func (l *Lab) daemons(f *Fault, ways []way, near int) error {
	ends := map[string]string{} // outside: its node
	for _, w := range ways {
		if w.tunnel != nil {
			ends[w.names[near]] = l.underlay(w.names[near]).Node
		}
	}
	if len(ends) == 0 {
		return errors.New("no daemon carries it: it is inside a cloud; --kind blackhole cuts it")
	}
	for _, end := range sortedKeys(ends) {
		node := ends[end]
		switch {
		case f.What.Part == "" && f.What.Tunnel >= 0 && l.in.Options.Tunnels == nodeconf.IPsec:
			if err := l.spaces[end].Kill(); err != nil {
				return err
			}
			f.Daemons = append(f.Daemons, end)
		case !slices.Contains(f.Nodes, node):
			f.Nodes = append(f.Nodes, node)
		}
	}
	return nil
}

// enforce makes lines, outside devices and nodes what the faults in force make
// of them. The caller holds the lock of the faults.
func (l *Lab) enforce(ctx context.Context) error {
	errs := []error{l.reline()}
	down, held := map[string]bool{}, map[string]bool{}
	for _, f := range l.faults.list {
		for _, e := range f.Ends {
			down[e] = true
		}
		for _, n := range f.Nodes {
			held[n] = true
		}
	}
	for i := range l.plan.Underlays {
		name := l.plan.Underlays[i].Name
		if down[name] == l.faults.down[name] {
			continue
		}
		err := l.setEnd(name, !down[name])
		if errs = append(errs, err); err == nil {
			l.faults.down = with(l.faults.down, name, down[name])
		}
	}
	ctx, cancel := context.WithTimeout(ctx, killWithin)
	defer cancel()
	for _, name := range sortedKeys(l.nodes) {
		if held[name] == l.faults.held[name] {
			continue
		}
		err := l.hold(ctx, name, held[name])
		if errs = append(errs, err); err == nil {
			l.faults.held = with(l.faults.held, name, held[name])
		}
	}
	return errors.Join(errs...)
}

// hold kills a node and keeps it down, or starts it again.
func (l *Lab) hold(ctx context.Context, node string, down bool) error {
	if down {
		return l.nodes[node].stop(ctx, unix.SIGKILL)
	}
	return l.nodes[node].start()
}

// with sets a key of a map, which may be nil yet.
func with(m map[string]bool, key string, v bool) map[string]bool {
	if m == nil {
		m = map[string]bool{}
	}
	m[key] = v
	return m
}

// killWithin bounds how long what was killed takes to end.
const killWithin = 10 * time.Second

// struck finds what a request is about.
func (l *Lab) struck(q FaultRequest) (ways []way, swapped bool, err error) {
	if q.Part != "" {
		p, err := parsePart(q.Part)
		if err != nil {
			return nil, false, err
		}
		if ways = l.waysOf(p); len(ways) == 0 {
			return nil, false, fmt.Errorf("%s: nothing that the lab carries fails with it", q.Part)
		}
		return ways, false, nil
	}
	link, swapped, err := l.linkBetween(q.A, q.B)
	if err != nil {
		return nil, false, err
	}
	for _, w := range l.ways() {
		if w.link == link.ID && (q.Tunnel < 0 || w.tunnel != nil && w.tunnel.Index == q.Tunnel) {
			ways = append(ways, w)
		}
	}
	switch {
	case len(ways) > 0:
	case len(link.Tunnels) == 0 && q.Tunnel >= 0:
		return nil, false, fmt.Errorf("link %s has no tunnels: it is inside a cloud; without --tunnel it is cut as a whole", link.ID)
	case len(link.Tunnels) == 0:
		return nil, false, fmt.Errorf("link %s is inside one place of a cloud: nothing of it crosses the emulated internet", link.ID)
	default:
		return nil, false, fmt.Errorf("link %s has no tunnel %d; it has %d tunnels", link.ID, q.Tunnel, len(link.Tunnels))
	}
	return ways, swapped, nil
}

// parsePart reads "tunnel aws-oregon--gcp-oregon/0".
func parsePart(s string) (routes.Part, error) {
	kind, id, ok := strings.Cut(s, " ")
	for k := routes.TunnelPart; ok && k <= routes.CloudPart; k++ {
		if k.String() == kind {
			return routes.Part{Kind: k, ID: id}, nil
		}
	}
	return routes.Part{}, fmt.Errorf("part %q: want a kind and an id, as in \"tunnel aws-oregon--gcp-oregon/0\" or \"gateway gcp-oregon/vpn#0\"", s)
}

// waysOf lists what fails with a part.
func (l *Lab) waysOf(p routes.Part) []way {
	n := l.in.Network
	inSite := func(s fabric.SiteID) bool {
		i := slices.IndexFunc(n.Sites, func(x fabric.Site) bool { return x.ID == s })
		if i < 0 {
			return false
		}
		site := &n.Sites[i]
		switch p.Kind {
		case routes.SitePart:
			return string(s) == p.ID
		case routes.RegionPart:
			return site.Cloud.String()+":"+site.Region == p.ID
		case routes.CloudPart:
			return site.Cloud.String() == p.ID
		case routes.TunnelPart, routes.InstancePart, routes.ZonePart, routes.LinkPart:
		}
		return false
	}
	var out []way
	for _, w := range l.ways() {
		k := slices.IndexFunc(n.Links, func(x fabric.Link) bool { return x.ID == w.link })
		hit := false
		switch p.Kind {
		case routes.TunnelPart:
			hit = w.tunnel != nil && string(w.tunnel.ID) == p.ID
		case routes.LinkPart:
			hit = string(w.link) == p.ID
		case routes.InstancePart, routes.ZonePart:
			hit = w.tunnel != nil && slices.ContainsFunc(w.tunnel.Domains, func(d fabric.Domain) bool { return d.ID == p.ID && d.Kind <= fabric.ZoneDomain })
		case routes.SitePart, routes.RegionPart, routes.CloudPart:
			hit = k >= 0 && (inSite(n.Links[k].Sites[0]) || inSite(n.Links[k].Sites[1]))
		}
		if hit {
			out = append(out, w)
		}
	}
	return out
}

// setEnd sets the outside device of a tunnel's end up or down.
func (l *Lab) setEnd(name string, up bool) error {
	u := l.underlay(name)
	return l.spaces[name].Do(func() error {
		link, err := netlink.LinkByName(wan)
		if err != nil {
			return err
		}
		if !up {
			return netlink.LinkSetDown(link)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return err
		}
		return defaultRoute(link, u.Addr) // routes go with a device that goes down
	})
}

// reline sets the line of every direction to what the plan says and the faults
// in force make of it. The caller holds the lock of the faults.
func (l *Lab) reline() error {
	var errs []error
	for _, w := range l.ways() {
		for _, name := range w.names {
			line := w.base
			for _, f := range l.faults.list {
				if !slices.Contains(f.Paths, name) {
					continue
				}
				if f.What.Kind != Degrade {
					line.Cut = true
					continue
				}
				line.Delay += time.Duration(f.What.Delay * float64(time.Millisecond))
				line.Loss = max(line.Loss, f.What.Loss)
				if r := int64(f.What.Rate); r > 0 && (line.Rate == 0 || r < line.Rate) {
					line.Rate = r
				}
			}
			errs = append(errs, l.relay.SetPath(relay.Path{Name: name, Line: line}))
		}
	}
	return errors.Join(errs...)
}

// Heal ends faults: those of the link between two sites, or all when a is
// empty. It gives those that ended.
func (l *Lab) Heal(a, b string, part string) ([]Fault, error) {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	var healed, left []Fault
	for _, f := range l.faults.list {
		q := f.What
		if a == "" && part == "" || part != "" && q.Part == part || a != "" && (q.A == a && q.B == b || q.A == b && q.B == a) {
			healed = append(healed, f)
		} else {
			left = append(left, f)
		}
	}
	if len(healed) == 0 && (a != "" || part != "") {
		what := "between " + a + " and " + b
		if part != "" {
			what = "on " + part
		}
		return nil, fmt.Errorf("no fault is in force %s", what)
	}
	l.faults.list = left
	return healed, l.enforce(context.Background())
}

// Faults lists those in force.
func (l *Lab) Faults() []Fault {
	l.faults.mu.Lock()
	defer l.faults.mu.Unlock()
	return slices.Clone(l.faults.list)
}
