package oracle

import (
	"fmt"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Verdict is what becomes of one packet and of the reply to it. All is over
// every equal-cost way, Some over at least one.
type Verdict struct {
	All, Some bool
	Unknown   bool
	Why       string // where the first way that fails ends
}

// Send sends one packet, and the reply if it arrives.
func (o *Oracle) Send(from, to Machine, p Packet) Verdict {
	there := o.oneWay(from, to, p, true)
	if !there.Some || p.Proto == vocab.ICMP && p.ICMPType != 8 {
		return there
	}
	back := o.oneWay(to, from, p.reply(), false)
	why := there.Why
	if there.All && !back.All {
		why = "reply: " + back.Why
	}
	return Verdict{there.All && back.All, there.Some && back.Some, there.Unknown || back.Unknown, why}
}

// oneWay takes a packet from one machine to the other. Stateful filters judge
// the packet that opens the connection, and let its reply by.
func (o *Oracle) oneWay(from, to Machine, p Packet, opens bool) Verdict {
	switch {
	case o.machineDown(from) || o.machineDown(to):
		return Verdict{Why: "a machine has failed"}
	case opens && !o.stateful(from, to, fabric.Egress, p):
		return Verdict{Why: "egress filter of the sender"}
	case !o.nacl(from, to, fabric.Egress, p):
		return Verdict{Why: "network ACL of the sender"}
	case !o.nacl(to, from, fabric.Ingress, p):
		return Verdict{Why: "network ACL of the receiver"}
	case opens && !o.stateful(to, from, fabric.Ingress, p):
		return Verdict{Why: "ingress filter of the receiver"}
	}
	if isInternet(from) {
		return o.fromInternet(to, opens)
	}
	v := Verdict{All: true}
	for _, e := range o.Walk(from, to.Addr) {
		if o.reaches(e, from, to, opens) {
			v.Some = true
			continue
		}
		v.Unknown = v.Unknown || e.Kind == Unknown
		if v.All {
			v.All, v.Why = false, fmt.Sprintf("%v to %v: %v", from.Addr, to.Addr, e)
		}
	}
	return v
}

func isInternet(m Machine) bool { return m.Subnet == "" && m.Site == "" }

func (o *Oracle) machineDown(m Machine) bool {
	if m.Site != "" {
		return o.siteDown(m.Site)
	}
	s, ok := o.net.Subnet(m.Subnet)
	return ok && (o.siteDown(s.Site) || m.Zone != "" && o.down[Part{"zone", m.Zone}])
}

// reaches reports whether a way ends where the packet was meant to go.
func (o *Oracle) reaches(e End, from, to Machine, opens bool) bool {
	if !isInternet(to) {
		return e.Kind == Arrived && e.Subnet == to.Subnet && e.Site == to.Site
	}
	s, _ := o.net.Subnet(from.Subnet)
	switch e.Kind {
	case NAT:
		return opens // nobody opens a connection to NAT
	case Gateway:
		return s.Internet == fabric.Public || opens && o.servedByNAT(s.ID)
	default:
		return false
	}
}

// servedByNAT reports whether a GCP or Azure NAT serves a subnet.
func (o *Oracle) servedByNAT(id fabric.SubnetID) bool {
	for _, n := range o.net.NATs {
		for _, s := range n.Serves {
			if s == id && !o.siteDown(n.Site) && !o.domainDown(n.Meta.Domains) {
				return true
			}
		}
	}
	return false
}

// fromInternet: a packet from outside comes to public addresses only, and
// replies come back through whatever sent the first packet out.
func (o *Oracle) fromInternet(to Machine, opens bool) Verdict {
	s, ok := o.net.Subnet(to.Subnet)
	v, _ := o.net.VPC(s.VPC)
	if !ok {
		return Verdict{Why: "the site's own way to the internet is not known"}
	}
	if !opens {
		return Verdict{All: true, Some: true}
	}
	if s.Internet != fabric.Public || v.Cloud == vocab.AWS && !v.InternetGateway {
		return Verdict{Why: "no public address"}
	}
	return Verdict{All: true, Some: true}
}
