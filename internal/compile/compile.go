// Package compile turns a spec into the network it means: it designs. Each
// pass is a pure function of what earlier passes left; the list below is the
// whole order. It reads no clock, network or file, and starts no goroutine.
package compile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/compile/ipam"
	"github.com/tieline/tieline/internal/compile/limits"
	"github.com/tieline/tieline/internal/compile/policy"
	"github.com/tieline/tieline/internal/compile/routing"
	"github.com/tieline/tieline/internal/compile/services"
	"github.com/tieline/tieline/internal/compile/topology"
	"github.com/tieline/tieline/internal/compile/vpn"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// Result is a compiled network with what to keep of its allocations.
type Result struct {
	Network *fabric.Network // nil when Diags has errors
	Lock    lock.Lock       // the lock that keeps this network's allocations
	Changes lock.Changes    // from the given lock to Lock
	Diags   diag.List       // sorted
}

// pass is one step of the design.
type pass struct {
	name string
	run  func(*draft.Draft)
	// gate: the passes after this one stand on what it and those before it
	// made, so they are not run when there are errors.
	gate bool
}

var passes = []pass{
	{"places", topology.Places, true},
	{"pairs", topology.Pairs, false},
	{"gateways", topology.Gateways, true},
	{"addresses", ipam.Addresses, true},
	{"demand", routing.Demand, false},
	{"gateway numbers", vpn.Gateways, true},
	{"tunnels", vpn.Tunnels, false},
	{"attachments", routing.Attach, false},
	{"tables", routing.Tables, true},
	{"services", services.Services, false},
	{"filters", policy.Filters, false},
	{"limits", limits.Limits, false},
	{"order", order, false},
}

// Compile designs the network of a spec that parsed without errors. The lock
// gives what earlier designs allocated; a is the atlas with the user's own
// facts overlaid.
func Compile(s *spec.Spec, l lock.Lock, a *atlas.Atlas) Result {
	kept, unknown := renamed(s, l)
	d := draft.New(s, kept, a)
	d.Diags = unknown
	d.Net.Renames = renames(s)
	for _, p := range passes {
		p.run(d)
		if p.gate && d.Diags.HasErrors() {
			break
		}
	}
	r := Result{Diags: d.Diags.Sorted(), Lock: l}
	if r.Diags.HasErrors() {
		return r
	}
	d.Net.Waivers = waivers(s, d.Index)
	next, _ := d.Lock.Update(d.Used)
	r.Network, r.Lock, r.Changes = &d.Net, next, l.Diff(next)
	return r
}

// order sorts everything by id, as fabric promises.
func order(d *draft.Draft) {
	n := &d.Net
	draft.SortByID(n.Accounts, func(x fabric.Account) fabric.AccountID { return x.ID })
	draft.SortByID(n.Sites, func(x fabric.Site) fabric.SiteID { return x.ID })
	draft.SortByID(n.Segments, func(x fabric.Segment) fabric.SegmentID { return x.ID })
	draft.SortByID(n.VPCs, func(x fabric.VPC) fabric.VPCID { return x.ID })
	draft.SortByID(n.Subnets, func(x fabric.Subnet) fabric.SubnetID { return x.ID })
	draft.SortByID(n.RouteTables, func(x fabric.RouteTable) fabric.RouteTableID { return x.ID })
	draft.SortByID(n.NATs, func(x fabric.NAT) fabric.NATID { return x.ID })
	draft.SortByID(n.Endpoints, func(x fabric.Endpoint) fabric.EndpointID { return x.ID })
	draft.SortByID(n.FlowLogs, func(x fabric.FlowLog) string { return x.ID })
	draft.SortByID(n.Gateways, func(x fabric.Gateway) fabric.GatewayID { return x.ID })
	draft.SortByID(n.Attachments, func(x fabric.Attachment) fabric.AttachmentID { return x.ID })
	draft.SortByID(n.Links, func(x fabric.Link) fabric.LinkID { return x.ID })
	draft.SortByID(n.Connections, func(x fabric.Connection) fabric.ConnectionID { return x.ID })
	draft.SortByID(n.Tunnels, func(x fabric.Tunnel) fabric.TunnelID { return x.ID })
	draft.SortByID(n.Filters, func(x fabric.Filter) fabric.FilterID { return x.ID })
	slices.SortStableFunc(n.Reasons, func(a, b fabric.Reason) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field))
	})
	for i := range n.VPCs {
		slices.Sort(n.VPCs[i].Sites)
	}
}

// waivers carries what the audit is told, with full names. What they name the
// spec's own checks have found.
func waivers(s *spec.Spec, x *spec.Index) []fabric.Waiver {
	var out []fabric.Waiver
	for i := range s.Audit.Waivers {
		w := &s.Audit.Waivers[i]
		object := ""
		if w.For.IsSet() {
			object, _ = x.Object(w.For.V)
		}
		out = append(out, fabric.Waiver{
			Origin: draft.Origin(w.Pos, fmt.Sprintf("audit.waivers[%d]", i)),
			Code:   string(w.Rule.V), Object: object, Reason: w.Reason.V, Expires: w.Until.V.Time,
		})
	}
	return out
}

// renames lists the names that changed, for Terraform's moved blocks.
func renames(s *spec.Spec) []fabric.Rename {
	var out []fabric.Rename
	add := func(kind, parent, old, name string) {
		if old != "" {
			out = append(out, fabric.Rename{Kind: kind, Old: parent + old, New: parent + name})
		}
	}
	for i := range s.Sites {
		st := &s.Sites[i]
		add("site", "", st.Was.V, st.Name)
		for j := range st.Networks {
			n := &st.Networks[j]
			add("network", st.Name+"/", n.Was.V, n.Name)
			for k := range n.Subnets {
				add("subnet", st.Name+"/"+n.Name+"/", n.Subnets[k].Was.V, n.Subnets[k].Name)
			}
		}
	}
	for i := range s.Segments {
		add("segment", "", s.Segments[i].Was.V, s.Segments[i].Name)
	}
	return out
}

// renamed gives the lock with its keys under the new names, and warns of
// former names that it does not know: what they name would move.
func renamed(s *spec.Spec, l lock.Lock) (lock.Lock, diag.List) {
	var diags diag.List
	rename := func(was spec.Value[string], from, to string) {
		if l.Len() > 0 && len(l.Under(lock.Block, from)) == 0 && !holds(l, from) && !holds(l, to) && len(l.Under(lock.Block, to)) == 0 {
			e := diags.Warnf(was.Pos, "was: nothing was called %q when the lock was written", was.V)
			e.Code, e.Hint = "unknown-was", "write the former name as tieline.lock has it, or leave was out"
		}
		l = l.Rename(from, to)
	}
	old := map[string]string{} // new site name -> old
	for i := range s.Sites {
		st := &s.Sites[i]
		if st.Was.IsSet() {
			old[st.Name] = st.Was.V
			if st.Cloud.V.IsPublic() {
				rename(st.Was, fmt.Sprintf("%s/%s", st.Cloud.V, st.Was.V), fmt.Sprintf("%s/%s", st.Cloud.V, st.Name))
			}
		}
		for j := range st.Networks {
			n := &st.Networks[j]
			base := fmt.Sprintf("%s/%s/", st.Cloud.V, st.Name)
			if n.Was.IsSet() && !n.Existing.IsSet() {
				rename(n.Was, base+n.Was.V, base+n.Name)
			}
			for k := range n.Subnets {
				if sn := &n.Subnets[k]; sn.Was.IsSet() {
					rename(sn.Was, base+n.Name+"/"+sn.Was.V, base+n.Name+"/"+sn.Name)
				}
			}
		}
	}
	if len(old) == 0 {
		return l, diags
	}
	was := func(name string) string {
		if o, ok := old[name]; ok {
			return o
		}
		return name
	}
	for _, p := range spec.NewIndex(s).Pairs() {
		a, b := s.Sites[p.A].Name, s.Sites[p.B].Name
		from, to := fabric.LinkBetween(fabric.SiteID(was(a)), fabric.SiteID(was(b))), fabric.LinkBetween(fabric.SiteID(a), fabric.SiteID(b))
		if from != to {
			l = l.Rename("link/"+string(from), "link/"+string(to))
		}
	}
	return l, diags
}

// holds reports whether the lock has an entry of the key itself.
func holds(l lock.Lock, key string) bool {
	_, block := l.Get(lock.Block, key)
	_, asn := l.Get(lock.ASN, key)
	return block || asn
}
