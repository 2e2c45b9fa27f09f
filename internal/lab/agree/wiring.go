package agree

import (
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
)

// Wiring is how the devices of a plan are joined: where what leaves by one
// comes in, and which table routes it there.
type Wiring struct {
	plan    *nodes.Plan
	far     map[nodes.End]nodes.End
	rules   map[nodes.End]string // name of the table
	carried map[nodes.End]string // devices that something between places carries: tunnel ..., wire ...
}

// NewWiring reads a plan.
func NewWiring(p *nodes.Plan) *Wiring {
	w := &Wiring{plan: p, far: map[nodes.End]nodes.End{}, rules: map[nodes.End]string{}, carried: map[nodes.End]string{}}
	join := func(a, b nodes.End) { w.far[a], w.far[b] = b, a }
	ends := map[string]nodes.End{} // of tunnels, by tunnel and node
	for i := range p.Nodes {
		n := &p.Nodes[i]
		numbers := map[int]string{}
		for _, t := range n.Config.Tables {
			numbers[t.ID] = t.Name
		}
		for _, r := range n.Config.Rules {
			w.rules[nodes.End{Owner: n.Name, Device: r.Device}] = numbers[r.Table]
		}
		for _, d := range n.Config.Devices {
			if d.Pair != "" {
				join(nodes.End{Owner: n.Name, Device: d.Name}, nodes.End{Owner: n.Name, Device: d.Pair})
			}
		}
		for _, t := range n.Config.Tunnels {
			e := nodes.End{Owner: n.Name, Device: t.Name}
			w.carried[e] = t.ID
			ends[t.ID+" "+n.Name] = e
		}
	}
	for _, c := range p.Cords {
		join(c.A, c.B)
	}
	for _, x := range p.Wires {
		join(x.A, x.B)
		w.carried[x.A], w.carried[x.B] = "wire "+x.ID, "wire "+x.ID
	}
	owner := map[string]string{}
	for _, u := range p.Underlays {
		owner[u.Name] = u.Node
	}
	for _, q := range p.Paths {
		id := tunnelPrefix + string(q.Tunnel)
		a, okA := ends[id+" "+owner[q.A]]
		b, okB := ends[id+" "+owner[q.B]]
		if okA && okB {
			join(a, b)
		}
	}
	return w
}

// tunnelPrefix begins the id of a tunnel's device.
const tunnelPrefix = "tunnel "

// tunnel is the tunnel that a device is an end of, or empty.
func (w *Wiring) tunnel(e nodes.End) string {
	id, ok := strings.CutPrefix(w.carried[e], tunnelPrefix)
	if !ok {
		return ""
	}
	return id
}

// Carrier is what carries packets that leave a node by a device to another
// place: "tunnel aws-oregon--gcp-oregon/0" or "wire ..."; empty for what stays
// in one place.
func (w *Wiring) Carrier(node, device string) string {
	return w.carried[nodes.End{Owner: node, Device: device}]
}

// entry is where what a machine sends comes in.
func (w *Wiring) entry(m *nodes.Machine) (nodes.End, bool) {
	for _, c := range w.plan.Cords {
		switch m.Name {
		case c.A.Owner:
			return c.B, true
		case c.B.Owner:
			return c.A, true
		}
	}
	return nodes.End{}, false
}

// States are those of the nodes by name.
type States map[string]*nodeconf.Status

// table finds a table of a node by name.
func (s States) table(node, name string) *nodeconf.TableState {
	st := s[node]
	if st == nil {
		return nil
	}
	i := slices.IndexFunc(st.Tables, func(t nodeconf.TableState) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &st.Tables[i]
}
