package assert

import (
	"fmt"

	"github.com/tieline/tieline/internal/fabric"
)

// unread gives the first thing of the network that was read but not
// understood and may change who reaches whom, or "". Compiled networks have
// none.
func unread(n *fabric.Network) string {
	for i := range n.Unread {
		if u := &n.Unread[i]; !u.Harmless {
			return fmt.Sprintf("%s: %s", u.Origin.Path, u.Why)
		}
	}
	for i := range n.Filters {
		f := &n.Filters[i]
		if f.Meta.Unread != "" {
			return said(f.ID, f.Meta)
		}
		for k := range f.Rules {
			if f.Rules[k].Unread != "" {
				return fmt.Sprintf("%s: %s", f.ID, f.Rules[k].Unread)
			}
		}
	}
	for _, text := range []string{
		first(n.Sites, func(x *fabric.Site) (fabric.SiteID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.VPCs, func(x *fabric.VPC) (fabric.VPCID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Subnets, func(x *fabric.Subnet) (fabric.SubnetID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.RouteTables, func(x *fabric.RouteTable) (fabric.RouteTableID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.NATs, func(x *fabric.NAT) (fabric.NATID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Endpoints, func(x *fabric.Endpoint) (fabric.EndpointID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Gateways, func(x *fabric.Gateway) (fabric.GatewayID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Attachments, func(x *fabric.Attachment) (fabric.AttachmentID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Connections, func(x *fabric.Connection) (fabric.ConnectionID, fabric.Meta) { return x.ID, x.Meta }),
		first(n.Tunnels, func(x *fabric.Tunnel) (fabric.TunnelID, fabric.Meta) { return x.ID, x.Meta }),
	} {
		if text != "" {
			return text
		}
	}
	return ""
}

func first[T any, K ~string](list []T, meta func(*T) (K, fabric.Meta)) string {
	for i := range list {
		if id, m := meta(&list[i]); m.Unread != "" {
			return said(id, m)
		}
	}
	return ""
}

func said[K ~string](id K, m fabric.Meta) string { return fmt.Sprintf("%s: %s", id, m.Unread) }
