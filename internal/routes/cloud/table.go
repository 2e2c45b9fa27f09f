package cloud

// TableID names a table of [Tables], readable and stable:
//
//	aws-oregon/ml/rt-private             an AWS VPC route table, or an Azure one as its subnets see it
//	azure-wus2/ml/rt-system              an Azure VNet's subnets without a route table of their own
//	net:ml@us-west1                      a GCP VPC in one region
//	aws-oregon/tgw/edge                  a transit gateway's table
//	aws-oregon/app/vgw                   any other gateway's own table
//	headquarters/cpe                     the routers of a site of one's own
type TableID string

// TableKind is a kind of table.
type TableKind uint8

// The kinds of table.
const (
	VPCTable     TableKind = iota + 1 // of subnets: AWS route table, GCP VPC and region, Azure effective routes
	TransitTable                      // a transit gateway's
	GatewayTable                      // of a VGW, Cloud VPN gateway, Azure VPN or ExpressRoute gateway, DX gateway
	HubTable                          // of a Virtual WAN hub
	DeviceTable                       // of a site of one's own
)

// String gives the kind's name.
func (k TableKind) String() string {
	switch k {
	case VPCTable:
		return "network"
	case TransitTable:
		return "transit"
	case GatewayTable:
		return "gateway"
	case HubTable:
		return "hub"
	case DeviceTable:
		return "device"
	}
	return "table?"
}

// Protocol is how a route came into its table.
type Protocol uint8

// The protocols. What is preferred over what is the cloud's to say.
const (
	Local      Protocol = iota + 1 // the network's own prefixes
	Peered                         // subnet routes of a peered network, or of an NCC hub
	Static                         // configured: routes of tables, UDRs, transit gateway routes
	Propagated                     // AWS: a VPC's blocks in a transit table
	BGP                            // learned, in this gateway or handed on by it to its networks
	Default                        // the cloud's own way to the internet
)

// String gives the protocol's name.
func (p Protocol) String() string {
	switch p {
	case Local:
		return "local"
	case Peered:
		return "peering"
	case Static:
		return "static"
	case Propagated:
		return "propagated"
	case BGP:
		return "BGP"
	case Default:
		return "default"
	}
	return "protocol?"
}
