package atlas

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// SKUKind says what a SKU is bought as.
type SKUKind string

// The kinds of SKU.
const (
	SKUTunnel       SKUKind = "tunnel"       // bandwidth of a tunnel: AWS connections, GCP HA VPN
	SKUGateway      SKUKind = "gateway"      // Azure VPN gateway
	SKUHub          SKUKind = "hub"          // Azure Virtual WAN VPN scale unit
	SKUExpressRoute SKUKind = "expressroute" // Azure ExpressRoute gateway
	SKUAttachment   SKUKind = "attachment"   // AWS transit gateway attachment
	SKUHubRouter    SKUKind = "hub-router"   // router of an Azure Virtual WAN hub, by routing infrastructure units
	// SKUVirtualPrivate: what an AWS virtual private gateway sends over all its connections.
	SKUVirtualPrivate SKUKind = "virtual-private-gateway"
)

// The names of sizes that no spec states.
const (
	SKUNameAWSLarge  = "large"          // VPN connection with large-bandwidth tunnels
	SKUNameGCPHA     = "ha"             // tunnel of an HA VPN gateway
	SKUNameAzureUnit = "vpn-scale-unit" // of a Virtual WAN hub's VPN gateway
	// Of a Virtual WAN hub's router: what it carries at least, and a unit of it.
	SKUNameHubRouterLeast = "routing-infrastructure-least"
	SKUNameHubRouterUnit  = "routing-infrastructure-unit"
)

// SKU is one size of a gateway or a tunnel.
type SKU struct {
	Cloud        vocab.Cloud
	Kind         SKUKind
	Name         string // as the provider takes it: VpnGw2AZ, standard, large
	Generation   int    // Azure VPN gateways: 1 or 2; else 0
	Tunnels      int    // most site-to-site tunnels; 0 where there is no bound
	Aggregate    vocab.Rate
	TunnelGCM    vocab.Rate // one tunnel with AES-GCM
	TunnelCBC    vocab.Rate // one tunnel with AES-CBC
	TunnelLow    vocab.Rate // one tunnel with small packets, 0 where not stated
	PPS          int        // packets a second of a tunnel, 0 where not stated
	BGP          bool
	ActiveActive bool
	AbsentIn     []string // regions that do not offer it
	Fact         Fact
}

// InRegion reports whether a region offers the size.
func (s SKU) InRegion(region string) bool { return !slices.Contains(s.AbsentIn, region) }

// TunnelRate returns what one tunnel carries with a cipher.
func (s SKU) TunnelRate(e vocab.Encryption) vocab.Rate {
	if e.IsAEAD() {
		return s.TunnelGCM
	}
	return s.TunnelCBC
}

// GatewaySKUs returns the sizes of a cloud's VPN gateways or tunnels
// ([SKUTunnel] and [SKUGateway]), the least able first.
func (a *Atlas) GatewaySKUs(c vocab.Cloud) []SKU {
	return slices.DeleteFunc(slices.Clone(a.skus[c]), func(s SKU) bool { return s.Kind != SKUTunnel && s.Kind != SKUGateway })
}

// SKUs returns all sizes of one kind of a cloud, the least able first.
func (a *Atlas) SKUs(c vocab.Cloud, k SKUKind) []SKU {
	return slices.DeleteFunc(slices.Clone(a.skus[c]), func(s SKU) bool { return s.Kind != k })
}

// SKU returns a size by its name (of several generations the newest), and
// whether the cloud has it.
func (a *Atlas) SKU(c vocab.Cloud, name string) (SKU, bool) {
	var best SKU
	for _, s := range a.skus[c] {
		if strings.EqualFold(s.Name, name) && (best.Name == "" || s.Generation > best.Generation) {
			best = s
		}
	}
	return best, best.Name != ""
}

func (l *loader) readSKUs(a *Atlas) {
	a.skus = map[vocab.Cloud][]SKU{}
	t := l.table("skus")
	for i := range t.rows {
		id := t.at(i, "id")
		s := SKU{
			Cloud: l.cloud(id, t.at(i, "cloud")), Kind: SKUKind(t.at(i, "kind")), Name: t.at(i, "name"),
			Generation: l.number(id, t.at(i, "generation")), Tunnels: l.number(id, t.at(i, "tunnels")),
			Aggregate: l.rate(id, t.at(i, "aggregate")), TunnelGCM: l.rate(id, t.at(i, "tunnel_gcm")),
			TunnelCBC: l.rate(id, t.at(i, "tunnel_cbc")), TunnelLow: l.rate(id, t.at(i, "tunnel_low")),
			PPS: l.number(id, t.at(i, "pps")), BGP: l.yes(id, t.at(i, "bgp")), ActiveActive: l.yes(id, t.at(i, "active_active")),
		}
		s.AbsentIn = strings.Fields(t.at(i, "absent_in"))
		s.Fact = l.fact(t, i)
		s.Fact.Value = skuText(s)
		s.Fact.Scope = string(s.Kind)
		l.facts = append(l.facts, s.Fact)
		a.skus[s.Cloud] = append(a.skus[s.Cloud], s)
	}
	for c := range a.skus {
		slices.SortStableFunc(a.skus[c], func(x, y SKU) int {
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Aggregate, y.Aggregate), cmp.Compare(x.TunnelGCM, y.TunnelGCM),
				cmp.Compare(x.Generation, y.Generation), cmp.Compare(x.Name, y.Name))
		})
	}
}

// skuText gives a SKU in words for the list of facts.
func skuText(s SKU) string {
	var parts []string
	if s.Aggregate > 0 {
		parts = append(parts, s.Aggregate.String()+" in all")
	}
	switch {
	case s.TunnelLow > 0:
		parts = append(parts, "tunnel "+s.TunnelLow.String()+" to "+s.TunnelGCM.String())
	case s.TunnelGCM > 0 && s.TunnelGCM != s.TunnelCBC:
		parts = append(parts, "tunnel "+s.TunnelGCM.String()+" with GCM, "+s.TunnelCBC.String()+" with CBC")
	case s.TunnelGCM > 0:
		parts = append(parts, "tunnel "+s.TunnelGCM.String())
	}
	return strings.Join(parts, "; ")
}
