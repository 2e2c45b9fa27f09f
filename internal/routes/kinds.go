package routes

import "github.com/tieline/tieline/internal/routes/cloud"

// TableID names a table of [Tables]: see [cloud.TableID].
type TableID = cloud.TableID

// TableKind is a kind of table.
type TableKind = cloud.TableKind

// The kinds of table.
const (
	VPCTable     = cloud.VPCTable
	TransitTable = cloud.TransitTable
	GatewayTable = cloud.GatewayTable
	HubTable     = cloud.HubTable
	DeviceTable  = cloud.DeviceTable
)

// Protocol is how a route came into its table.
type Protocol = cloud.Protocol

// The protocols.
const (
	Local      = cloud.Local
	Peered     = cloud.Peered
	Static     = cloud.Static
	Propagated = cloud.Propagated
	BGP        = cloud.BGP
	Default    = cloud.Default
)
