package atlas

// LimitID names a limit: the id of its fact.
type LimitID string

// The limits that code asks for; what they count and per what stands in their
// facts (data/limits.csv).
const (
	LimitAWSVPCPerRegion                  LimitID = "aws.vpc.per_region"                   // VPCs per account and region
	LimitAWSVPCSubnets                    LimitID = "aws.vpc.subnets"                      // subnets per VPC
	LimitAWSVPCCIDRBlocks                 LimitID = "aws.vpc.cidr_blocks"                  // IPv4 blocks per VPC
	LimitAWSVPCRouteTables                LimitID = "aws.vpc.route_tables"                 // route tables per VPC
	LimitAWSVPCRoutesPerTable             LimitID = "aws.vpc.routes_per_table"             // routes per route table and family
	LimitAWSVPCPropagatedRoutes           LimitID = "aws.vpc.propagated_routes"            // routes per route table
	LimitAWSVPCPeerings                   LimitID = "aws.vpc.peerings"                     // peerings per VPC
	LimitAWSVPCAddressUsage               LimitID = "aws.vpc.address_usage"                // units per VPC
	LimitAWSVPCAddressUsagePeered         LimitID = "aws.vpc.address_usage_peered"         // units per VPC and its peers in the region
	LimitAWSEIPPerRegion                  LimitID = "aws.eip.per_region"                   // addresses per account and region
	LimitAWSNATPerZone                    LimitID = "aws.nat.per_zone"                     // NAT gateways per zone
	LimitAWSEndpointInterfacePerVPC       LimitID = "aws.endpoint.interface_per_vpc"       // endpoints per VPC
	LimitAWSEndpointGatewayPerRegion      LimitID = "aws.endpoint.gateway_per_region"      // endpoints per account and region
	LimitAWSSGPerRegion                   LimitID = "aws.sg.per_region"                    // security groups per account and region
	LimitAWSSGRules                       LimitID = "aws.sg.rules"                         // rules per security group; direction and family
	LimitAWSSGPerENI                      LimitID = "aws.sg.per_eni"                       // security groups per network interface
	LimitAWSSGRulesProduct                LimitID = "aws.sg.rules_product"                 // rules per network interface
	LimitAWSNACLPerVPC                    LimitID = "aws.nacl.per_vpc"                     // network ACLs per VPC
	LimitAWSNACLRules                     LimitID = "aws.nacl.rules"                       // rules per network ACL and direction
	LimitAWSCGWPerRegion                  LimitID = "aws.cgw.per_region"                   // customer gateways per account and region
	LimitAWSVGWPerRegion                  LimitID = "aws.vgw.per_region"                   // virtual private gateways per account and region
	LimitAWSVPNConnectionsPerRegion       LimitID = "aws.vpn.connections_per_region"       // VPN connections per account and region
	LimitAWSVPNConnectionsPerVGW          LimitID = "aws.vpn.connections_per_vgw"          // VPN connections per virtual private gateway
	LimitAWSVPNAcceleratedPerRegion       LimitID = "aws.vpn.accelerated_per_region"       // VPN connections per account and region
	LimitAWSVPNLargePerRegion             LimitID = "aws.vpn.large_per_region"             // VPN connections per account and region
	LimitAWSVPNPrefixesPeerToVGW          LimitID = "aws.vpn.prefixes_peer_to_vgw"         // prefixes per virtual private gateway
	LimitAWSVPNPrefixesVGWToPeer          LimitID = "aws.vpn.prefixes_vgw_to_peer"         // prefixes per virtual private gateway
	LimitAWSVPNPrefixesPeerToTGW          LimitID = "aws.vpn.prefixes_peer_to_tgw"         // prefixes per VPN connection
	LimitAWSVPNPrefixesTGWToPeer          LimitID = "aws.vpn.prefixes_tgw_to_peer"         // prefixes per VPN connection
	LimitAWSVPNStaticRoutesVGW            LimitID = "aws.vpn.static_routes_vgw"            // routes per virtual private gateway
	LimitAWSVPNTunnelPPS                  LimitID = "aws.vpn.tunnel_pps"                   // packets/s per tunnel
	LimitAWSVPNLargeTunnelPPS             LimitID = "aws.vpn.large_tunnel_pps"             // packets/s per tunnel
	LimitAWSVPNConcentratorsPerTGW        LimitID = "aws.vpn.concentrators_per_tgw"        // VPN concentrators per transit gateway
	LimitAWSVPNConcentratorConnections    LimitID = "aws.vpn.concentrator_connections"     // VPN connections per VPN concentrator
	LimitAWSTGWPerRegion                  LimitID = "aws.tgw.per_region"                   // transit gateways per account and region
	LimitAWSTGWPerVPC                     LimitID = "aws.tgw.per_vpc"                      // transit gateways per VPC
	LimitAWSTGWAttachments                LimitID = "aws.tgw.attachments"                  // attachments per transit gateway
	LimitAWSTGWRouteTables                LimitID = "aws.tgw.route_tables"                 // route tables per transit gateway
	LimitAWSTGWRoutesTotal                LimitID = "aws.tgw.routes_total"                 // routes per transit gateway
	LimitAWSTGWPeerings                   LimitID = "aws.tgw.peerings"                     // peerings per transit gateway
	LimitAWSTGWConnectPeers               LimitID = "aws.tgw.connect_peers"                // Connect peers per Connect attachment
	LimitAWSTGWDXGateways                 LimitID = "aws.tgw.dx_gateways"                  // Direct Connect gateways per transit gateway
	LimitAWSTGWAttachmentPPS              LimitID = "aws.tgw.attachment_pps"               // packets/s per attachment and zone
	LimitAWSDXVIFsPrivatePublic           LimitID = "aws.dx.vifs_private_public"           // virtual interfaces per dedicated connection
	LimitAWSDXVIFsTransit                 LimitID = "aws.dx.vifs_transit"                  // virtual interfaces per dedicated connection
	LimitAWSDXVIFsTotal                   LimitID = "aws.dx.vifs_total"                    // virtual interfaces per dedicated connection
	LimitAWSDXVIFsHosted                  LimitID = "aws.dx.vifs_hosted"                   // virtual interfaces per hosted connection
	LimitAWSDXPrefixesIn                  LimitID = "aws.dx.prefixes_in"                   // prefixes per private or transit virtual interface; family
	LimitAWSDXPrefixesInPublic            LimitID = "aws.dx.prefixes_in_public"            // prefixes per public virtual interface
	LimitAWSDXPrefixesTGWOut              LimitID = "aws.dx.prefixes_tgw_out"              // prefixes per transit gateway on a transit virtual interface
	LimitAWSDXPrefixesCloudWANOut         LimitID = "aws.dx.prefixes_cloudwan_out"         // prefixes per Cloud WAN attachment
	LimitAWSDXGWVGWs                      LimitID = "aws.dxgw.vgws"                        // virtual private gateways per Direct Connect gateway
	LimitAWSDXGWTGWs                      LimitID = "aws.dxgw.tgws"                        // transit gateways per Direct Connect gateway
	LimitAWSDXGWVIFs                      LimitID = "aws.dxgw.vifs"                        // virtual interfaces per Direct Connect gateway
	LimitAWSDXGWPerAccount                LimitID = "aws.dxgw.per_account"                 // Direct Connect gateways per account
	LimitAWSDXConnectionsPerLocation      LimitID = "aws.dx.connections_per_location"      // connections per location; region and account
	LimitAWSDXLAGLinks                    LimitID = "aws.dx.lag_links"                     // links per LAG below 100G
	LimitAWSDXLAGsPerRegion               LimitID = "aws.dx.lags_per_region"               // LAGs per region
	LimitGCPRouterPerVPCRegion            LimitID = "gcp.router.per_vpc_region"            // Cloud Routers per VPC and region
	LimitGCPRouterBGPPeers                LimitID = "gcp.router.bgp_peers"                 // BGP peers per Cloud Router
	LimitGCPRouterPrefixesFromPeer        LimitID = "gcp.router.prefixes_from_peer"        // prefixes per BGP peer
	LimitGCPRouterLearnedOwnRegion        LimitID = "gcp.router.learned_own_region"        // destinations per VPC and region
	LimitGCPRouterLearnedOtherRegions     LimitID = "gcp.router.learned_other_regions"     // destinations per VPC and region
	LimitGCPRouterCustomRanges            LimitID = "gcp.router.custom_ranges"             // prefixes per BGP session
	LimitGCPRouterCustomLearned           LimitID = "gcp.router.custom_learned"            // routes per BGP session
	LimitGCPVPNTunnelPPS                  LimitID = "gcp.vpn.tunnel_pps"                   // packets/s per tunnel; both directions together
	LimitGCPVPCPerProject                 LimitID = "gcp.vpc.per_project"                  // VPC networks per project
	LimitGCPVPCPeerings                   LimitID = "gcp.vpc.peerings"                     // peerings per VPC
	LimitGCPVPCPeeringStaticRoutes        LimitID = "gcp.vpc.peering_static_routes"        // routes per peering group
	LimitGCPVPCPeeringDynamicRoutes       LimitID = "gcp.vpc.peering_dynamic_routes"       // routes per peering group and region
	LimitGCPVPCSecondaryRanges            LimitID = "gcp.vpc.secondary_ranges"             // ranges per subnet
	LimitGCPFirewallRulesPerProject       LimitID = "gcp.firewall.rules_per_project"       // rules per project
	LimitGCPNCCVPCSpokes                  LimitID = "gcp.ncc.vpc_spokes"                   // VPC spokes per hub
	LimitGCPNCCTunnelsPerSpoke            LimitID = "gcp.ncc.tunnels_per_spoke"            // VPN tunnels per spoke
	LimitGCPNCCAttachmentsPerSpoke        LimitID = "gcp.ncc.attachments_per_spoke"        // VLAN attachments per spoke
	LimitGCPNCCAppliancesPerSpoke         LimitID = "gcp.ncc.appliances_per_spoke"         // router appliances per spoke
	LimitGCPCCITransports                 LimitID = "gcp.cci.transports"                   // transports per project and region
	LimitGCPInterconnectAttachments       LimitID = "gcp.interconnect.attachments"         // VLAN attachments per Interconnect
	LimitAzureVNetPerRegion               LimitID = "azure.vnet.per_region"                // VNets per subscription and region
	LimitAzureVNetSubnets                 LimitID = "azure.vnet.subnets"                   // subnets per VNet
	LimitAzureVNetPeerings                LimitID = "azure.vnet.peerings"                  // peerings per VNet
	LimitAzureVNetPrivateAddresses        LimitID = "azure.vnet.private_addresses"         // addresses per VNet
	LimitAzureVNetPrivateAddressesPeered  LimitID = "azure.vnet.private_addresses_peered"  // addresses per peered group
	LimitAzureVNetVPNGateways             LimitID = "azure.vnet.vpn_gateways"              // VPN gateways per VNet
	LimitAzureVNetERGateways              LimitID = "azure.vnet.er_gateways"               // ExpressRoute gateways per VNet
	LimitAzureNSGPerRegion                LimitID = "azure.nsg.per_region"                 // network security groups per subscription and region
	LimitAzureNSGRules                    LimitID = "azure.nsg.rules"                      // rules per network security group
	LimitAzureNSGAddressesPerSide         LimitID = "azure.nsg.addresses_per_side"         // addresses per source or destination of a rule
	LimitAzureASGPerRegion                LimitID = "azure.asg.per_region"                 // application security groups per subscription and region
	LimitAzureUDRTables                   LimitID = "azure.udr.tables"                     // route tables per subscription and region
	LimitAzureUDRRoutes                   LimitID = "azure.udr.routes"                     // routes per route table
	LimitAzureVPNPrefixesFromPeer         LimitID = "azure.vpn.prefixes_from_peer"         // prefixes per BGP peer
	LimitAzureVPNNATRules                 LimitID = "azure.vpn.nat_rules"                  // NAT rules per VPN gateway
	LimitAzureVPNAPIPAPerInstanceStandby  LimitID = "azure.vpn.apipa_per_instance_standby" // APIPA addresses per active-standby gateway
	LimitAzureERCircuitsPerSubscription   LimitID = "azure.er.circuits_per_subscription"   // circuits per subscription
	LimitAzureERCircuitsPerRegion         LimitID = "azure.er.circuits_per_region"         // circuits per subscription and region
	LimitAzureERPrefixesIn                LimitID = "azure.er.prefixes_in"                 // prefixes per private peering
	LimitAzureERPrefixesInPremium         LimitID = "azure.er.prefixes_in_premium"         // prefixes per private peering
	LimitAzureERPrefixesOut               LimitID = "azure.er.prefixes_out"                // prefixes per gateway connection; IPv4
	LimitAzureERPrefixesOutV6             LimitID = "azure.er.prefixes_out_v6"             // prefixes per gateway connection; IPv6
	LimitAzureERVNetLinks                 LimitID = "azure.er.vnet_links"                  // VNet links per circuit
	LimitAzureRouteServerPeers            LimitID = "azure.routeserver.peers"              // BGP peers per Route Server
	LimitAzureRouteServerPrefixesFromPeer LimitID = "azure.routeserver.prefixes_from_peer" // prefixes per BGP peer
	LimitAzureRouteServerPrefixesOut      LimitID = "azure.routeserver.prefixes_out"       // prefixes per ExpressRoute or VPN gateway
	LimitAzureVWANVPNConnections          LimitID = "azure.vwan.vpn_connections"           // VPN connections per hub
	LimitAzureVWANRoutes                  LimitID = "azure.vwan.routes"                    // routes per hub
	LimitAzureVWANERCircuits              LimitID = "azure.vwan.er_circuits"               // ExpressRoute circuits per hub
	LimitAzureVWANSiteLinks               LimitID = "azure.vwan.site_links"                // links per VPN site
	LimitAzureVWANVNetConnections         LimitID = "azure.vwan.vnet_connections"          // VNet connections per hub
	LimitAzureVMFlows                     LimitID = "azure.vm.flows"                       // flows per network interface
	LimitAWSEgressFree                    LimitID = "aws.egress.free"                      // GB/month per account
	LimitGCPEgressFree                    LimitID = "gcp.egress.free"                      // GB/month per billing account
	LimitAzureEgressFree                  LimitID = "azure.egress.free"                    // GB/month per subscription
	LimitGCPNCCFreeVPNSpokes              LimitID = "gcp.ncc.free_vpn_spokes"              // VPN spokes per hub
	LimitAzureVPNIncludedConnections      LimitID = "azure.vpn.included_connections"       // connections per VPN gateway
)

// LimitIDs lists every limit.
var LimitIDs = []LimitID{
	LimitAWSVPCPerRegion,
	LimitAWSVPCSubnets,
	LimitAWSVPCCIDRBlocks,
	LimitAWSVPCRouteTables,
	LimitAWSVPCRoutesPerTable,
	LimitAWSVPCPropagatedRoutes,
	LimitAWSVPCPeerings,
	LimitAWSVPCAddressUsage,
	LimitAWSVPCAddressUsagePeered,
	LimitAWSEIPPerRegion,
	LimitAWSNATPerZone,
	LimitAWSEndpointInterfacePerVPC,
	LimitAWSEndpointGatewayPerRegion,
	LimitAWSSGPerRegion,
	LimitAWSSGRules,
	LimitAWSSGPerENI,
	LimitAWSSGRulesProduct,
	LimitAWSNACLPerVPC,
	LimitAWSNACLRules,
	LimitAWSCGWPerRegion,
	LimitAWSVGWPerRegion,
	LimitAWSVPNConnectionsPerRegion,
	LimitAWSVPNConnectionsPerVGW,
	LimitAWSVPNAcceleratedPerRegion,
	LimitAWSVPNLargePerRegion,
	LimitAWSVPNPrefixesPeerToVGW,
	LimitAWSVPNPrefixesVGWToPeer,
	LimitAWSVPNPrefixesPeerToTGW,
	LimitAWSVPNPrefixesTGWToPeer,
	LimitAWSVPNStaticRoutesVGW,
	LimitAWSVPNTunnelPPS,
	LimitAWSVPNLargeTunnelPPS,
	LimitAWSVPNConcentratorsPerTGW,
	LimitAWSVPNConcentratorConnections,
	LimitAWSTGWPerRegion,
	LimitAWSTGWPerVPC,
	LimitAWSTGWAttachments,
	LimitAWSTGWRouteTables,
	LimitAWSTGWRoutesTotal,
	LimitAWSTGWPeerings,
	LimitAWSTGWConnectPeers,
	LimitAWSTGWDXGateways,
	LimitAWSTGWAttachmentPPS,
	LimitAWSDXVIFsPrivatePublic,
	LimitAWSDXVIFsTransit,
	LimitAWSDXVIFsTotal,
	LimitAWSDXVIFsHosted,
	LimitAWSDXPrefixesIn,
	LimitAWSDXPrefixesInPublic,
	LimitAWSDXPrefixesTGWOut,
	LimitAWSDXPrefixesCloudWANOut,
	LimitAWSDXGWVGWs,
	LimitAWSDXGWTGWs,
	LimitAWSDXGWVIFs,
	LimitAWSDXGWPerAccount,
	LimitAWSDXConnectionsPerLocation,
	LimitAWSDXLAGLinks,
	LimitAWSDXLAGsPerRegion,
	LimitGCPRouterPerVPCRegion,
	LimitGCPRouterBGPPeers,
	LimitGCPRouterPrefixesFromPeer,
	LimitGCPRouterLearnedOwnRegion,
	LimitGCPRouterLearnedOtherRegions,
	LimitGCPRouterCustomRanges,
	LimitGCPRouterCustomLearned,
	LimitGCPVPNTunnelPPS,
	LimitGCPVPCPerProject,
	LimitGCPVPCPeerings,
	LimitGCPVPCPeeringStaticRoutes,
	LimitGCPVPCPeeringDynamicRoutes,
	LimitGCPVPCSecondaryRanges,
	LimitGCPFirewallRulesPerProject,
	LimitGCPNCCVPCSpokes,
	LimitGCPNCCTunnelsPerSpoke,
	LimitGCPNCCAttachmentsPerSpoke,
	LimitGCPNCCAppliancesPerSpoke,
	LimitGCPCCITransports,
	LimitGCPInterconnectAttachments,
	LimitAzureVNetPerRegion,
	LimitAzureVNetSubnets,
	LimitAzureVNetPeerings,
	LimitAzureVNetPrivateAddresses,
	LimitAzureVNetPrivateAddressesPeered,
	LimitAzureVNetVPNGateways,
	LimitAzureVNetERGateways,
	LimitAzureNSGPerRegion,
	LimitAzureNSGRules,
	LimitAzureNSGAddressesPerSide,
	LimitAzureASGPerRegion,
	LimitAzureUDRTables,
	LimitAzureUDRRoutes,
	LimitAzureVPNPrefixesFromPeer,
	LimitAzureVPNNATRules,
	LimitAzureVPNAPIPAPerInstanceStandby,
	LimitAzureERCircuitsPerSubscription,
	LimitAzureERCircuitsPerRegion,
	LimitAzureERPrefixesIn,
	LimitAzureERPrefixesInPremium,
	LimitAzureERPrefixesOut,
	LimitAzureERPrefixesOutV6,
	LimitAzureERVNetLinks,
	LimitAzureRouteServerPeers,
	LimitAzureRouteServerPrefixesFromPeer,
	LimitAzureRouteServerPrefixesOut,
	LimitAzureVWANVNetConnections,
	LimitAzureVWANVPNConnections,
	LimitAzureVWANRoutes,
	LimitAzureVWANERCircuits,
	LimitAzureVWANSiteLinks,
	LimitAzureVMFlows,
	LimitAWSEgressFree,
	LimitGCPEgressFree,
	LimitAzureEgressFree,
	LimitGCPNCCFreeVPNSpokes,
	LimitAzureVPNIncludedConnections,
}
