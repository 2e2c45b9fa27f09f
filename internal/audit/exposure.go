package audit

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// managementPorts: no packet from the internet to a management port arrives
// with its reply, by proof and not by the look of the rules.
func (u *auditor) managementPorts() {
	ports := u.a.ManagementPorts()
	outside := []fabric.PolicyEnd{{Ref: "internet", Internet: true}}
	from := u.p.PlacesOf(outside[0])
	told := map[fabric.VPCID]bool{}
	for i, place := range u.p.Places() {
		if place.Subnet == "" && place.Site == "" {
			continue
		}
		var open []vocab.Service
		for _, j := range from {
			open = append(open, u.p.Between(j, i)...)
		}
		hit := exposed(open, ports)
		if len(hit) == 0 {
			continue
		}
		if v := u.joined(place); v.Existing != "" {
			if told[v.ID] {
				continue
			}
			told[v.ID] = true
			f := u.add(diag.Note, v.Meta.Origin, string(v.ID), "network %s is joined, not made, and its filters are not stated: whether the internet reaches its management ports is not known", v.ID)
			f.Hint = "check it where it is made: tieline check --terraform"
			continue
		}
		origin := u.site(place.Site).Meta.Origin
		end := fabric.PolicyEnd{Ref: place.ID, Prefixes: place.Addrs.Prefixes()}
		if s, ok := u.n.Subnet(place.Subnet); ok {
			origin, end.Subnets = s.Meta.Origin, []fabric.SubnetID{s.ID}
		}
		names := make([]string, len(hit))
		for k, m := range hit {
			names[k] = fmt.Sprintf("%s (%s)", m.Name, m.Services[0])
		}
		f := u.add(diag.Error, origin, place.ID, "%s is reachable from the internet on %s", place.ID, strings.Join(names, ", "))
		f.Hint = "allow it from a site or subnet of your own only"
		if w := u.p.Flow(outside[0], end, hit[0].Services[0]).Yes; w != nil {
			f.Witness = w
			f.Related = openedBy(w)
		}
	}
}

// joined returns the network of a place when it is joined and not made, and no
// filter of it is stated.
func (u *auditor) joined(p verify.Place) fabric.VPC {
	if s, ok := u.n.Subnet(p.Subnet); ok {
		v, _ := u.n.VPC(s.VPC)
		if v.Existing != "" && s.Filter == "" && s.NACL == "" {
			return v
		}
		return fabric.VPC{}
	}
	v, _ := u.n.VPC(fabric.VPCID(p.ID))
	return v
}

// exposed returns the management ports that services hold.
func exposed(open []vocab.Service, ports []atlas.ManagementPort) []atlas.ManagementPort {
	var out []atlas.ManagementPort
	for _, m := range ports {
		if holdsAny(open, m.Services) {
			out = append(out, m)
		}
	}
	return out
}

func holdsAny(open, wanted []vocab.Service) bool {
	for _, o := range open {
		for _, w := range wanted {
			if (o.Proto == vocab.AnyProto || o.Proto == w.Proto) &&
				(o.Ports.IsAny() || o.Ports.First <= w.Ports.Last && w.Ports.First <= o.Ports.Last) {
				return true
			}
		}
	}
	return false
}

// openedBy names the filter rules that let a witness in.
func openedBy(w *verify.Witness) []diag.Related {
	var out []diag.Related
	for _, s := range w.Forward.Steps {
		if s.Kind == verify.FilterStep && s.Pass && s.Origin.Pos.IsValid() {
			out = append(out, diag.Related{Pos: s.Origin.Pos, Message: fmt.Sprintf("%s %s", s.Object, s.What)})
		}
	}
	return out
}
