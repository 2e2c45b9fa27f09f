// Package services gives subnets their private ways to services of their
// cloud, and every network and transit gateway a flow log. It takes subnets
// with their route tables, and makes no filters: package policy does.
package services

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

// Services is the pass.
func Services(d *draft.Draft) {
	e := &endpoints{
		d: d, subnets: make(map[fabric.SubnetID]*fabric.Subnet, len(d.Net.Subnets)),
		tables: map[fabric.VPCID][]fabric.RouteTableID{}, at: map[fabric.EndpointID]int{},
	}
	for i := range d.Net.Subnets {
		e.subnets[d.Net.Subnets[i].ID] = &d.Net.Subnets[i]
	}
	for i := range d.Net.RouteTables {
		t := &d.Net.RouteTables[i]
		e.tables[t.VPC] = append(e.tables[t.VPC], t.ID)
	}
	for i := range d.Sites {
		s := &d.Sites[i]
		for _, v := range s.VPCs {
			for k := range v.Subnets {
				if sn := v.Subnets[k].Spec; sn != nil && len(sn.Services) > 0 {
					e.subnet(s, v, sn)
				}
			}
		}
	}
	e.finish()
	flowLogs(d)
}

// endpoints gathers what subnets ask for: one endpoint a network and service.
type endpoints struct {
	d       *draft.Draft
	subnets map[fabric.SubnetID]*fabric.Subnet
	tables  map[fabric.VPCID][]fabric.RouteTableID
	at      map[fabric.EndpointID]int // index in list
	list    []asked
}

// asked is an endpoint being gathered.
type asked struct {
	fabric.Endpoint
	fact atlas.Fact
	pos  diag.Pos
}

func (e *endpoints) subnet(s *draft.Site, v *draft.VPC, sn *spec.Subnet) {
	id := fabric.SubnetID(fmt.Sprintf("%s/%s/%s", s.ID, v.Name, sn.Name))
	sub, ok := e.subnets[id]
	if !ok {
		return
	}
	for _, name := range sn.Services {
		svc, ok := e.d.Atlas.Service(s.Cloud, name.V)
		if !ok {
			e.unknown(s.Cloud, name)
			continue
		}
		kind := kindOf(svc.Kind)
		if v.Existing() && kind != fabric.GatewayEndpoint {
			x := e.d.Diags.Errorf(name.Pos, "subnet %q is in an existing network: its way to %s cannot be made", sn.Name, name.V)
			x.Code, x.Hint = "existing-services", "leave it out; what the existing network has is its owner's"
			continue
		}
		e.add(s, v, sub, svc, kind, name)
	}
	if s.Cloud == vocab.AWS {
		e.images(sn)
	}
}

// pulling is what pulling a container image from ECR speaks to: the registry's
// API, the registry, and S3, which holds the layers.
var pulling = []string{"ecr-api", "ecr", "s3"}

// images notes an ECR that images cannot be pulled from by private ways alone.
func (e *endpoints) images(sn *spec.Subnet) {
	var asked *spec.Value[string]
	var missing []string
	for _, p := range pulling {
		k := slices.IndexFunc(sn.Services, func(v spec.Value[string]) bool { return v.V == p })
		switch {
		case k < 0:
			missing = append(missing, p)
		case p != "s3" && asked == nil:
			asked = &sn.Services[k]
		}
	}
	if asked == nil || len(missing) == 0 {
		return
	}
	n := e.d.Diags.Notef(asked.Pos, "subnet %q asks for %s without %s: pulling images needs ecr, ecr-api and s3", sn.Name, asked.V, strings.Join(missing, " and "))
	n.Code, n.Hint = "ecr-incomplete", "add "+strings.Join(missing, ", ")+" to services"
}

// unknown reports a service that the cloud's data does not have.
func (e *endpoints) unknown(c vocab.Cloud, name spec.Value[string]) {
	var names []string
	for _, s := range e.d.Atlas.Services(c) {
		names = append(names, s.Name)
	}
	x := e.d.Diags.Errorf(name.Pos, "%s has no service %q", c.Title(), name.V)
	x.Code = "unknown-service"
	x.Hint = "the services are " + strings.Join(names, ", ")
	if near := diag.Suggest(name.V, names); near != "" {
		x.Hint = near + "; " + x.Hint
	}
}

func kindOf(k atlas.ServiceKind) fabric.EndpointKind {
	switch k {
	case atlas.ServiceGateway:
		return fabric.GatewayEndpoint
	case atlas.ServiceInterface:
		return fabric.InterfaceEndpoint
	case atlas.ServicePrivate:
		return fabric.PrivateGoogleAccess
	case atlas.ServiceEndpoint:
		return fabric.ServiceEndpoint
	}
	panic("services: unknown kind " + string(k))
}

func (e *endpoints) add(s *draft.Site, v *draft.VPC, sub *fabric.Subnet, svc atlas.Service, kind fabric.EndpointKind, name spec.Value[string]) {
	id := fabric.EndpointID(fmt.Sprintf("%s/%s/%s", s.ID, v.Name, svc.Name))
	k, ok := e.at[id]
	if !ok {
		k = len(e.list)
		e.at[id] = k
		meta := s.Meta(name.Pos, sub.Meta.Origin.Path+".services")
		meta.Account = v.Account
		out := fabric.Endpoint{ID: id, Meta: meta, VPC: v.ID, Site: s.ID, Kind: kind, Service: svc.Name, Native: svc.Native(s.Region.Name)}
		if kind == fabric.InterfaceEndpoint {
			out.Filter = fabric.FilterID(id + "/endpoint/sg")
		}
		e.list = append(e.list, asked{Endpoint: out, fact: svc.Fact, pos: name.Pos})
	}
	x := &e.list[k]
	if slices.Contains(x.Subnets, sub.ID) {
		return
	}
	x.Subnets = append(x.Subnets, sub.ID)
	switch kind {
	case fabric.GatewayEndpoint:
		if v.Existing() {
			x.Tables = append(x.Tables, e.tables[v.ID]...)
			return
		}
		for _, p := range sub.Parts {
			if p.RouteTable != "" {
				x.Tables = append(x.Tables, p.RouteTable)
			}
		}
	case fabric.InterfaceEndpoint, fabric.PrivateGoogleAccess, fabric.ServiceEndpoint:
	}
}

// finish publishes the endpoints with the reasons for their kind.
func (e *endpoints) finish() {
	d := e.d
	slices.SortFunc(e.list, func(a, b asked) int { return cmp.Compare(a.ID, b.ID) })
	for i := range e.list {
		x := &e.list[i]
		slices.Sort(x.Subnets)
		slices.Sort(x.Tables)
		x.Tables = slices.Compact(x.Tables)
		d.Net.Endpoints = append(d.Net.Endpoints, x.Endpoint)
		d.Because(string(x.ID), "kind", x.Native, draft.Step(x.pos, []string{x.fact.ID}, "%s", way(x.Kind)))
	}
}

func way(k fabric.EndpointKind) string {
	switch k {
	case fabric.GatewayEndpoint:
		return "reached by a gateway endpoint: routes, free of charge"
	case fabric.InterfaceEndpoint:
		return "reached by an interface endpoint: an address in each zone of the subnets that ask"
	case fabric.PrivateGoogleAccess:
		return "reached by Private Google Access of the subnet"
	case fabric.ServiceEndpoint:
		return "reached by a service endpoint of the subnet"
	}
	panic("services: unknown kind of endpoint")
}
