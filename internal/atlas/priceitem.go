package atlas

import (
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// PriceItem names something that a cloud bills: the cloud first, then the
// service, dotted.
type PriceItem string

// The items that have prices, with the unit each is billed in.
const (
	PriceAWSVPNConnection               PriceItem = "aws.vpn.connection"                // hour
	PriceAWSVPNLargeConnection          PriceItem = "aws.vpn.large_connection"          // hour
	PriceAWSVPNConcentrator             PriceItem = "aws.vpn.concentrator"              // hour
	PriceAWSVPNConcentratorSite         PriceItem = "aws.vpn.concentrator_site"         // hour
	PriceAWSVPNAccelerator              PriceItem = "aws.vpn.accelerator"               // hour
	PriceAWSTGWAttachment               PriceItem = "aws.tgw.attachment"                // hour
	PriceAWSTGWData                     PriceItem = "aws.tgw.data"                      // GB
	PriceAWSCloudWANEdge                PriceItem = "aws.cloudwan.edge"                 // hour
	PriceAWSCloudWANAttachment          PriceItem = "aws.cloudwan.attachment"           // hour
	PriceAWSCloudWANData                PriceItem = "aws.cloudwan.data"                 // GB
	PriceAWSNATGateway                  PriceItem = "aws.nat.gateway"                   // hour
	PriceAWSNATData                     PriceItem = "aws.nat.data"                      // GB
	PriceAWSIPv4                        PriceItem = "aws.ipv4"                          // hour
	PriceAWSEndpointInterface           PriceItem = "aws.endpoint.interface"            // hour
	PriceAWSEndpointInterfaceData       PriceItem = "aws.endpoint.interface_data"       // GB
	PriceAWSEndpointGateway             PriceItem = "aws.endpoint.gateway"              // hour
	PriceAWSFirewallEndpoint            PriceItem = "aws.firewall.endpoint"             // hour
	PriceAWSFirewallData                PriceItem = "aws.firewall.data"                 // GB
	PriceAWSEgressInternet              PriceItem = "aws.egress.internet"               // GB
	PriceAWSEgressRegion                PriceItem = "aws.egress.region"                 // GB
	PriceAWSEgressZone                  PriceItem = "aws.egress.zone"                   // GB
	PriceAWSDXDedicated                 PriceItem = "aws.dx.dedicated"                  // hour
	PriceAWSDXHosted                    PriceItem = "aws.dx.hosted"                     // hour
	PriceAWSDXOut                       PriceItem = "aws.dx.out"                        // GB
	PriceAWSDXFlatTier1                 PriceItem = "aws.dx.flat.tier1"                 // hour
	PriceAWSDXFlatTier2                 PriceItem = "aws.dx.flat.tier2"                 // hour
	PriceAWSDXFlatTier3                 PriceItem = "aws.dx.flat.tier3"                 // hour
	PriceAWSDXSitelink                  PriceItem = "aws.dx.sitelink"                   // hour
	PriceAWSInterconnect                PriceItem = "aws.interconnect"                  // hour
	PriceAWSInterconnectFar             PriceItem = "aws.interconnect.far"              // hour
	PriceAWSDNSZone                     PriceItem = "aws.dns.zone"                      // month
	PriceGCPVPNTunnel                   PriceItem = "gcp.vpn.tunnel"                    // hour
	PriceGCPVPNGateway                  PriceItem = "gcp.vpn.gateway"                   // hour
	PriceGCPRouter                      PriceItem = "gcp.router"                        // hour
	PriceGCPIPv4                        PriceItem = "gcp.ipv4"                          // hour
	PriceGCPIPv4Idle                    PriceItem = "gcp.ipv4_idle"                     // hour
	PriceGCPIPv4VPN                     PriceItem = "gcp.ipv4_vpn"                      // hour
	PriceGCPNATGateway                  PriceItem = "gcp.nat.gateway"                   // hour
	PriceGCPNATGatewayMax               PriceItem = "gcp.nat.gateway_max"               // hour
	PriceGCPNATData                     PriceItem = "gcp.nat.data"                      // GiB
	PriceGCPNCCHub                      PriceItem = "gcp.ncc.hub"                       // hour
	PriceGCPNCCSpokeHybrid              PriceItem = "gcp.ncc.spoke_hybrid"              // hour
	PriceGCPNCCSpokeVPC                 PriceItem = "gcp.ncc.spoke_vpc"                 // hour
	PriceGCPNCCData                     PriceItem = "gcp.ncc.data"                      // GiB
	PriceGCPEgressInternet              PriceItem = "gcp.egress.internet"               // GiB
	PriceGCPEgressStandard              PriceItem = "gcp.egress.standard"               // GiB
	PriceGCPEgressZone                  PriceItem = "gcp.egress.zone"                   // GiB
	PriceGCPEgressRegion                PriceItem = "gcp.egress.region"                 // GiB
	PriceGCPForwardingRule              PriceItem = "gcp.forwarding_rule"               // hour
	PriceGCPForwardingData              PriceItem = "gcp.forwarding_data"               // GiB
	PriceGCPInterconnectDedicated       PriceItem = "gcp.interconnect.dedicated"        // hour
	PriceGCPInterconnectVLAN            PriceItem = "gcp.interconnect.vlan"             // hour
	PriceGCPInterconnectPartner         PriceItem = "gcp.interconnect.partner"          // hour
	PriceGCPInterconnectOut             PriceItem = "gcp.interconnect.out"              // GiB
	PriceGCPInterconnectCrossCloud      PriceItem = "gcp.interconnect.cross_cloud"      // hour
	PriceGCPPartnerCrossCloud           PriceItem = "gcp.partner_cross_cloud"           // hour
	PriceGCPDNSZone                     PriceItem = "gcp.dns.zone"                      // month
	PriceAzureVPNGatewayBasic           PriceItem = "azure.vpn.gateway.Basic"           // hour
	PriceAzureVPNGatewayVpnGw1AZ        PriceItem = "azure.vpn.gateway.VpnGw1AZ"        // hour
	PriceAzureVPNGatewayVpnGw2AZ        PriceItem = "azure.vpn.gateway.VpnGw2AZ"        // hour
	PriceAzureVPNGatewayVpnGw3AZ        PriceItem = "azure.vpn.gateway.VpnGw3AZ"        // hour
	PriceAzureVPNGatewayVpnGw4AZ        PriceItem = "azure.vpn.gateway.VpnGw4AZ"        // hour
	PriceAzureVPNGatewayVpnGw5AZ        PriceItem = "azure.vpn.gateway.VpnGw5AZ"        // hour
	PriceAzureVPNConnection             PriceItem = "azure.vpn.connection"              // hour
	PriceAzureVPNVNetData               PriceItem = "azure.vpn.vnet_data"               // GB
	PriceAzureIPv4                      PriceItem = "azure.ipv4"                        // hour
	PriceAzureNATGateway                PriceItem = "azure.nat.gateway"                 // hour
	PriceAzureNATData                   PriceItem = "azure.nat.data"                    // GB
	PriceAzureFirewallStandard          PriceItem = "azure.firewall.standard"           // hour
	PriceAzureFirewallPremium           PriceItem = "azure.firewall.premium"            // hour
	PriceAzureFirewallData              PriceItem = "azure.firewall.data"               // GB
	PriceAzureVWANHub                   PriceItem = "azure.vwan.hub"                    // hour
	PriceAzureVWANData                  PriceItem = "azure.vwan.data"                   // GB
	PriceAzureVWANS2SUnit               PriceItem = "azure.vwan.s2s_unit"               // hour
	PriceAzureVWANConnection            PriceItem = "azure.vwan.connection"             // hour
	PriceAzureVWANERUnit                PriceItem = "azure.vwan.er_unit"                // hour
	PriceAzurePrivateLinkEndpoint       PriceItem = "azure.privatelink.endpoint"        // hour
	PriceAzurePrivateLinkData           PriceItem = "azure.privatelink.data"            // GB
	PriceAzureServiceEndpoint           PriceItem = "azure.service_endpoint"            // hour
	PriceAzureFlowLogData               PriceItem = "azure.flowlog.data"                // GB
	PriceAzureEgressInternet            PriceItem = "azure.egress.internet"             // GB
	PriceAzureEgressZone                PriceItem = "azure.egress.zone"                 // GB
	PriceAzureEgressRegion              PriceItem = "azure.egress.region"               // GB
	PriceAzurePeeringRegion             PriceItem = "azure.peering.region"              // GB
	PriceAzurePeeringGlobal             PriceItem = "azure.peering.global"              // GB
	PriceAzureERGatewayStandard         PriceItem = "azure.er.gateway.Standard"         // hour
	PriceAzureERGatewayHighPerformance  PriceItem = "azure.er.gateway.HighPerformance"  // hour
	PriceAzureERGatewayUltraPerformance PriceItem = "azure.er.gateway.UltraPerformance" // hour
	PriceAzureERGatewayErGw1AZ          PriceItem = "azure.er.gateway.ErGw1AZ"          // hour
	PriceAzureERGatewayErGw2AZ          PriceItem = "azure.er.gateway.ErGw2AZ"          // hour
	PriceAzureERGatewayErGw3AZ          PriceItem = "azure.er.gateway.ErGw3AZ"          // hour
	PriceAzureERMetered                 PriceItem = "azure.er.metered"                  // month
	PriceAzureERUnlimited               PriceItem = "azure.er.unlimited"                // month
	PriceAzureERLocal                   PriceItem = "azure.er.local"                    // month
	PriceAzureEROut                     PriceItem = "azure.er.out"                      // GB
	PriceAzureMulticloud                PriceItem = "azure.multicloud"                  // hour
	PriceAzureDNSZone                   PriceItem = "azure.dns.zone"                    // month
)

// PriceItems lists every item.
var PriceItems = []PriceItem{
	PriceAWSVPNConnection,
	PriceAWSVPNLargeConnection,
	PriceAWSVPNConcentrator,
	PriceAWSVPNConcentratorSite,
	PriceAWSVPNAccelerator,
	PriceAWSTGWAttachment,
	PriceAWSTGWData,
	PriceAWSCloudWANEdge,
	PriceAWSCloudWANAttachment,
	PriceAWSCloudWANData,
	PriceAWSNATGateway,
	PriceAWSNATData,
	PriceAWSIPv4,
	PriceAWSEndpointInterface,
	PriceAWSEndpointInterfaceData,
	PriceAWSEndpointGateway,
	PriceAWSFirewallEndpoint,
	PriceAWSFirewallData,
	PriceAWSEgressInternet,
	PriceAWSEgressRegion,
	PriceAWSEgressZone,
	PriceAWSDXDedicated,
	PriceAWSDXHosted,
	PriceAWSDXOut,
	PriceAWSDXFlatTier1,
	PriceAWSDXFlatTier2,
	PriceAWSDXFlatTier3,
	PriceAWSDXSitelink,
	PriceAWSInterconnect,
	PriceAWSInterconnectFar,
	PriceAWSDNSZone,
	PriceGCPVPNTunnel,
	PriceGCPVPNGateway,
	PriceGCPRouter,
	PriceGCPIPv4,
	PriceGCPIPv4Idle,
	PriceGCPIPv4VPN,
	PriceGCPNATGateway,
	PriceGCPNATGatewayMax,
	PriceGCPNATData,
	PriceGCPNCCHub,
	PriceGCPNCCSpokeHybrid,
	PriceGCPNCCSpokeVPC,
	PriceGCPNCCData,
	PriceGCPEgressInternet,
	PriceGCPEgressStandard,
	PriceGCPEgressZone,
	PriceGCPEgressRegion,
	PriceGCPForwardingRule,
	PriceGCPForwardingData,
	PriceGCPInterconnectDedicated,
	PriceGCPInterconnectVLAN,
	PriceGCPInterconnectPartner,
	PriceGCPInterconnectOut,
	PriceGCPInterconnectCrossCloud,
	PriceGCPPartnerCrossCloud,
	PriceGCPDNSZone,
	PriceAzureVPNGatewayBasic,
	PriceAzureVPNGatewayVpnGw1AZ,
	PriceAzureVPNGatewayVpnGw2AZ,
	PriceAzureVPNGatewayVpnGw3AZ,
	PriceAzureVPNGatewayVpnGw4AZ,
	PriceAzureVPNGatewayVpnGw5AZ,
	PriceAzureVPNConnection,
	PriceAzureVPNVNetData,
	PriceAzureIPv4,
	PriceAzureNATGateway,
	PriceAzureNATData,
	PriceAzureFirewallStandard,
	PriceAzureFirewallPremium,
	PriceAzureFirewallData,
	PriceAzureVWANHub,
	PriceAzureVWANData,
	PriceAzureVWANS2SUnit,
	PriceAzureVWANConnection,
	PriceAzureVWANERUnit,
	PriceAzurePrivateLinkEndpoint,
	PriceAzurePrivateLinkData,
	PriceAzureServiceEndpoint,
	PriceAzureFlowLogData,
	PriceAzureEgressInternet,
	PriceAzureEgressZone,
	PriceAzureEgressRegion,
	PriceAzurePeeringRegion,
	PriceAzurePeeringGlobal,
	PriceAzureERGatewayStandard,
	PriceAzureERGatewayHighPerformance,
	PriceAzureERGatewayUltraPerformance,
	PriceAzureERGatewayErGw1AZ,
	PriceAzureERGatewayErGw2AZ,
	PriceAzureERGatewayErGw3AZ,
	PriceAzureERMetered,
	PriceAzureERUnlimited,
	PriceAzureERLocal,
	PriceAzureEROut,
	PriceAzureMulticloud,
	PriceAzureDNSZone,
}

// Cloud returns the cloud that bills the item, zero for an unknown one.
func (i PriceItem) Cloud() vocab.Cloud {
	name, _, _ := strings.Cut(string(i), ".")
	c, err := vocab.ParseCloud(name)
	if err != nil {
		return 0
	}
	return c
}

// PriceAzureVPNGateway returns the item of an Azure VPN gateway's SKU
// (VpnGw2AZ).
func PriceAzureVPNGateway(sku string) PriceItem { return PriceItem("azure.vpn.gateway." + sku) }

// PriceAzureERGateway returns the item of an Azure ExpressRoute gateway's SKU
// (ErGw1AZ).
func PriceAzureERGateway(sku string) PriceItem { return PriceItem("azure.er.gateway." + sku) }
