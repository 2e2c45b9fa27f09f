package atlas

import "strconv"

// MTUID names a maximum transmission unit: the id of its fact.
type MTUID string

// The MTUs that code asks for, in bytes of an IP packet.
const (
	MTUAWSVPC           MTUID = "aws.mtu.vpc"            // inside a VPC
	MTUAWSPeeringRegion MTUID = "aws.mtu.peering_region" // VPC peering between regions
	MTUAWSInternet      MTUID = "aws.mtu.internet"       // internet gateway
	MTUAWSTGW           MTUID = "aws.mtu.tgw"            // transit gateway
	MTUAWSTGWVPN        MTUID = "aws.mtu.tgw_vpn"        // its VPN attachments
	MTUAWSVPN           MTUID = "aws.mtu.vpn"            // inside a VPN tunnel, at best
	MTUAWSDXPrivate     MTUID = "aws.mtu.dx_private"     // private virtual interface
	MTUAWSDXTransit     MTUID = "aws.mtu.dx_transit"     // transit virtual interface
	MTUGCPVPC           MTUID = "gcp.mtu.vpc"            // default of a VPC
	MTUGCPVPCMin        MTUID = "gcp.mtu.vpc_min"        // least that a VPC can be set to
	MTUGCPVPCMax        MTUID = "gcp.mtu.vpc_max"        // most that a VPC can be set to
	MTUGCPInternet      MTUID = "gcp.mtu.internet"       // to the internet
	MTUGCPVPN           MTUID = "gcp.mtu.vpn"            // outer packet of a VPN gateway
	MTUGCPInterconnect  MTUID = "gcp.mtu.interconnect"   // default of a VLAN attachment
	MTUAzureVNet        MTUID = "azure.mtu.vnet"         // inside a VNet
	MTUAzureInternet    MTUID = "azure.mtu.internet"     // to the internet
	MTUAzureGateway     MTUID = "azure.mtu.gateway"      // through a VPN or ExpressRoute gateway
	MTUOnPremLAN        MTUID = "onprem.mtu.lan"         // inside a site of one's own
	MTUOnPremInternet   MTUID = "onprem.mtu.internet"    // its way out
	MTUCommonVPN        MTUID = "common.vpn.inner_mtu"   // inside a VPN between any two
	MSSCommonVPN        MTUID = "common.vpn.mss"         // TCP MSS over a VPN between any two
)

var mtuIDs = []MTUID{
	MTUAWSVPC, MTUAWSPeeringRegion, MTUAWSInternet, MTUAWSTGW, MTUAWSTGWVPN, MTUAWSVPN, MTUAWSDXPrivate, MTUAWSDXTransit,
	MTUGCPVPC, MTUGCPVPCMin, MTUGCPVPCMax, MTUGCPInternet, MTUGCPVPN, MTUGCPInterconnect,
	MTUAzureVNet, MTUAzureInternet, MTUAzureGateway, MTUOnPremLAN, MTUOnPremInternet, MTUCommonVPN, MSSCommonVPN,
}

// MTU returns an MTU in bytes and its fact. It panics on an id that is none
// of the constants.
func (a *Atlas) MTU(id MTUID) (int, Fact) {
	f := a.mustFact(string(id))
	n, err := strconv.Atoi(f.Value)
	if err != nil {
		panic("atlas: " + f.ID + " is no MTU")
	}
	return n, f
}
