package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// managementPorts: no packet from the internet to a management port arrives
// with its reply, by proof and not by the look of the rules. What comes from a
// cloud's access proxy comes from users who have signed in, and is left out.
func (u *auditor) managementPorts() {
	ports := u.a.ManagementPorts()
	from := u.p.PlacesOf(fabric.PolicyEnd{Ref: "internet", Internet: true})
	from = slices.DeleteFunc(from, func(i int) bool {
		return prefix.FromPrefixes(u.a.AccessProxies()...).ContainsSet(u.p.Places()[i].Addrs)
	})
	told := map[fabric.VPCID]bool{}
	for i, place := range u.p.Places() {
		if place.Subnet == "" && place.Site == "" {
			continue
		}
		var open []vocab.Service
		for _, j := range from {
			open = append(open, u.p.MayBetween(j, i)...)
		}
		hit := held(open, ports)
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
		u.expose(place, origin, u.ask(from, end, hit))
	}
}

// exposed is what the proof says of management ports, from the internet to an end.
type exposed struct {
	open    []string        // names of the ports that packets get through to
	unsure  []string        // and of those to which they may
	witness *verify.Witness // of the first that is open
	why     string          // of the first that is not known
}

// ask asks for each management port whether a packet of the internet gets
// through, of those that may as far as is known.
func (u *auditor) ask(from []int, to fabric.PolicyEnd, ports []atlas.ManagementPort) exposed {
	var out exposed
	for _, m := range ports {
		name := fmt.Sprintf("%s (%s)", m.Name, m.Services[0])
		isOpen, why := false, ""
		for _, i := range from {
			pl := &u.p.Places()[i]
			a := u.p.Flow(fabric.PolicyEnd{Ref: pl.ID, Prefixes: pl.Addrs.Prefixes()}, to, m.Services[0])
			switch {
			case a.Yes != nil:
				isOpen = true
				if out.witness == nil {
					out.witness = a.Yes
				}
			case a.Verdict == verify.Undecided && len(a.Unread) > 0:
				why = a.Unread[0]
			case a.Verdict == verify.Undecided:
				why = "a bound of the proof was met"
			}
		}
		switch {
		case isOpen:
			out.open = append(out.open, name)
		case why != "":
			out.unsure = append(out.unsure, name)
			out.why = cmp.Or(out.why, why)
		}
	}
	return out
}

// expose says which management ports of a place are open, or may be.
func (u *auditor) expose(place verify.Place, at fabric.Origin, a exposed) {
	if len(a.open) > 0 {
		f := u.add(diag.Error, at, place.ID, "%s is reachable from the internet on %s", place.ID, strings.Join(a.open, ", "))
		f.Hint = "allow it from a site or subnet of your own only"
		f.Witness, f.Related = a.witness, openedBy(a.witness)
	}
	if len(a.unsure) > 0 {
		severity := diag.Warning
		if u.isUnread(place.Subnet) {
			severity = diag.Note // said of the filter itself
		}
		f := u.add(severity, at, place.ID, "whether %s is reachable from the internet on %s is not known: %s", place.ID, strings.Join(a.unsure, ", "), a.why)
		f.Hint = "check it where that is made"
	}
}

// isUnread reports whether nothing is known of the filter before a subnet.
func (u *auditor) isUnread(id fabric.SubnetID) bool {
	s, _ := u.n.Subnet(id)
	f, ok := u.n.Filter(s.Filter)
	return ok && f.Meta.Unread != ""
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

// held returns the management ports that services hold.
func held(open []vocab.Service, ports []atlas.ManagementPort) []atlas.ManagementPort {
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
