package names

import (
	"fmt"
	"strconv"

	"github.com/tieline/tieline/internal/fabric"
)

// Ref is an attribute of a resource, or a literal: how it is spelled in the
// root that holds the resource, and the output by which other roots get it.
type Ref struct {
	Home    fabric.SiteID // whose root holds it; empty for the links' root
	Expr    string        // aws_vpc.aws_oregon__ml.id
	Output  string        // aws_oregon__ml_vpc_id
	Literal bool          // Expr is a value, the same everywhere
}

// Literal returns a reference to a value known now.
func Literal(s string) Ref { return Ref{Expr: strconv.Quote(s), Literal: true} }

// OutsideIP returns the public address of one end of a tunnel: what the other
// end dials. AWS makes it with the connection, Google with the gateway; Azure's
// is a resource of its own, and an on-prem device's is given.
func OutsideIP(n *fabric.Network, t fabric.Tunnel, end int) Ref {
	e := t.Ends[end]
	g := mustGateway(n, e.Gateway)
	switch g.Kind {
	case fabric.VirtualPrivateGateway, fabric.TransitGateway:
		return Ref{
			Expr:   fmt.Sprintf("aws_vpn_connection.%s[%q].tunnel%d_address", Label(string(t.Link)), ConnectionKey(t.Connection), e.Interface+1),
			Output: fmt.Sprintf("%s_%s_tunnel%d_address", Label(string(t.Link)), ConnectionKey(t.Connection), e.Interface+1),
		}
	case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
		return InterfaceIP(n, g, e.Interface)
	}
	panic("names: tunnel " + string(t.ID) + " ends on a gateway of no kind")
}

// InterfaceIP returns the public address of a gateway's interface. The gateways
// of AWS have none: there each connection has its own addresses.
func InterfaceIP(n *fabric.Network, g fabric.Gateway, i int) Ref {
	label := GatewayLabel(g.ID)
	output := fmt.Sprintf("%s_vpn_ip_%d", label, i)
	switch g.Kind {
	case fabric.HAVPN:
		return Ref{Home: g.Site, Expr: fmt.Sprintf("google_compute_ha_vpn_gateway.%s.vpn_interfaces[%d].ip_address", label, i), Output: output}
	case fabric.VPNGateway:
		return Ref{Home: g.Site, Expr: fmt.Sprintf("azurerm_public_ip.%s[\"%d\"].ip_address", label, i), Output: output}
	case fabric.VirtualHub:
		return Ref{Home: g.Site, Expr: fmt.Sprintf("azurerm_vpn_gateway.%s.ip_configuration[%d].public_ip_address", label, i), Output: output}
	case fabric.Device:
		for _, x := range g.Interfaces {
			if x.Index == i && x.PublicIP.IsValid() {
				return Literal(x.PublicIP.String())
			}
		}
	case fabric.VirtualPrivateGateway, fabric.TransitGateway:
	}
	panic(fmt.Sprintf("names: gateway %s has no interface %d with an address", g.ID, i))
}

// PSKKey returns the key of a tunnel's pre-shared key in random_password.psk.
func PSKKey(t fabric.Tunnel) string { return string(t.ID) }

// PSK returns the expression of a tunnel's pre-shared key, a quoted template.
// The leading letter is there because AWS refuses keys that begin with 0.
func PSK(t fabric.Tunnel) string {
	return fmt.Sprintf(`"k${random_password.psk[%q].result}"`, PSKKey(t))
}

// PSKOf is [PSK] for a tunnel whose key an expression gives: each.value.psk.
func PSKOf(key string) string { return `"k${random_password.psk[` + key + `].result}"` }

func mustGateway(n *fabric.Network, id fabric.GatewayID) fabric.Gateway {
	g, ok := n.Gateway(id)
	if !ok {
		panic("names: no gateway " + string(id))
	}
	return g
}
