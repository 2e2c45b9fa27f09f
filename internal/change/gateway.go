package change

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// gatewayKind is the kind under which the atlas has the changes of a gateway.
func gatewayKind(k fabric.GatewayKind) string {
	switch k {
	case fabric.VirtualPrivateGateway:
		return "virtual private gateway"
	case fabric.TransitGateway:
		return "transit gateway"
	case fabric.HAVPN:
		return "HA VPN gateway"
	case fabric.VPNGateway:
		return "VPN gateway"
	case fabric.VirtualHub:
		return "virtual hub"
	case fabric.Device:
		return "device"
	case fabric.DirectConnectGateway:
		return "Direct Connect gateway"
	case fabric.ExpressRouteGateway:
		return "ExpressRoute gateway"
	}
	return ""
}

// gatewayCloud is whose gateway it is.
func gatewayCloud(k fabric.GatewayKind) vocab.Cloud {
	switch k {
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.DirectConnectGateway:
		return vocab.AWS
	case fabric.HAVPN:
		return vocab.GCP
	case fabric.VPNGateway, fabric.VirtualHub, fabric.ExpressRouteGateway:
		return vocab.Azure
	case fabric.Device:
		return vocab.OnPrem
	}
	return vocab.OnPrem
}

func (v *inventory) gateway(g *fabric.Gateway) {
	kind := gatewayKind(g.Kind)
	switch g.Kind {
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.DirectConnectGateway:
		v.awsGateway(g, kind)
	case fabric.HAVPN:
		v.gcpGateway(g, kind)
	case fabric.VPNGateway, fabric.ExpressRouteGateway:
		v.azureGateway(g, kind)
	case fabric.VirtualHub:
		v.azureHub(g, kind)
	case fabric.Device:
		var addresses []string
		for _, i := range g.Interfaces {
			addresses = append(addresses, strconv.Itoa(i.Index)+" "+i.PublicIP.String())
		}
		v.add(vocab.OnPrem, kind, string(g.ID), g.Site, g.Meta,
			text("asn", g.ASN.String()), text("address", strings.Join(addresses, ", ")), list("announce", texts(g.Announce)), list("inside", insides(g))).tunnels = v.tunnels[g.ID]
	}
}

func (v *inventory) attachment(a *fabric.Attachment) {
	site := fabric.SiteID("")
	if x, ok := v.n.VPC(a.VPC); ok {
		site = firstSite(x.Sites)
	} else if g, ok := v.n.Gateway(a.Gateway); ok {
		site = g.Site
	}
	before := len(v.objects)
	switch a.Kind {
	case fabric.VGWAttachment, fabric.TransitVPCAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.AWSPeering, fabric.DirectConnectAssociation:
		v.awsAttachment(a, site)
	case fabric.VPCPeering, fabric.NCCSpoke, fabric.NCCHybridSpoke:
		v.gcpAttachment(a, site)
	case fabric.VNetPeering, fabric.VirtualHubConnection:
		v.azureAttachment(a, site)
	}
	for i := before; i < len(v.objects); i++ {
		v.objects[i].link = a.Link
	}
}

// tunnel adds the ends of a tunnel that are resources or a device's own; at
// AWS the connection is the resource.
func (v *inventory) tunnel(t *fabric.Tunnel) {
	link, _ := v.n.Link(t.Link)
	for i, e := range t.Ends {
		g, _ := v.n.Gateway(e.Gateway)
		far := t.Ends[1-i]
		peer, _ := v.n.Gateway(far.Gateway)
		cloud := gatewayCloud(g.Kind)
		if cloud == vocab.AWS {
			continue
		}
		attrs := []attr{
			v.in("gateway", cloud, gatewayKind(g.Kind), string(g.ID)),
			text("interface", strconv.Itoa(e.Interface)),
			text("suite", suiteOf(link)), text("inside", t.Inside.String()+" as "+e.Inside.String()),
			pskOf(v, t), text("timers", timersOf(e)), text("initiates", initiatesOf(e)),
			text("priority", number(e.Priority)),
			{name: "peer", value: v.name(string(peer.ID)), shown: string(peer.ID), ref: peerRef(v, &peer)},
			text("peer_asn", peer.ASN.String()),
			// The far end's address, where it is given and not made with the
			// far connection.
			text("peer_address", publicIP(&peer, far.Interface)),
		}
		if t.Connection != "" {
			attrs[8].ref = key(vocab.AWS, "VPN connection", v.name(string(t.Connection)))
		}
		o := v.add(cloud, "VPN tunnel", string(t.ID)+" at "+string(g.Site), g.Site, fabric.Meta{Origin: t.Meta.Origin, Account: g.Meta.Account}, attrs...)
		o.key = key(cloud, "VPN tunnel", v.name(string(t.ID))+" at "+v.name(string(g.Site)))
		o.tunnels = []fabric.TunnelID{t.ID}
	}
}

// peerRef is the key of the gateway whose replacement gives the far end of a
// tunnel another public address. At AWS addresses come with the connection, and
// Azure's are resources of their own, which stay.
func peerRef(v *inventory, peer *fabric.Gateway) string {
	switch peer.Kind {
	case fabric.HAVPN, fabric.VirtualHub:
		return key(gatewayCloud(peer.Kind), gatewayKind(peer.Kind), v.name(string(peer.ID)))
	case fabric.VirtualPrivateGateway, fabric.TransitGateway, fabric.VPNGateway, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		return ""
	}
	return ""
}

func publicIP(g *fabric.Gateway, index int) string {
	for _, i := range g.Interfaces {
		if i.Index == index && i.PublicIP.IsValid() {
			return i.PublicIP.String()
		}
	}
	return ""
}

func suiteOf(l fabric.Link) string {
	if l.Kind != fabric.VPN {
		return ""
	}
	return l.Suite.String()
}

func timersOf(e fabric.TunnelEnd) string {
	return fmt.Sprintf("phases %d/%d s, DPD %d s, keepalive %d/%d s", e.Phase1, e.Phase2, e.DPD, e.Keepalive, e.Hold)
}

func initiatesOf(e fabric.TunnelEnd) string {
	switch {
	case e.InitiateIKE && e.InitiateBGP:
		return "dials, opens BGP"
	case e.InitiateIKE:
		return "dials"
	case e.InitiateBGP:
		return "opens BGP"
	}
	return "waits"
}

// pskOf names the pre-shared key of a tunnel. A key named after its tunnel is
// renamed with it.
func pskOf(v *inventory, t *fabric.Tunnel) attr {
	dashed := func(id string) string { return strings.ReplaceAll(id, "/", "-") }
	a := attr{name: "key", value: t.PSK, shown: t.PSK}
	if t.PSK == dashed(string(t.ID)) {
		a.value = dashed(v.name(string(t.ID)))
	}
	return a
}
