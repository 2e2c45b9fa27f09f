// Package routes works out what the clouds' control planes make of a compiled
// network: which routes every table holds once BGP, propagation and peerings
// have converged, healthy or with parts failed, and where a packet then goes.
//
// It takes a [fabric.Network] and the facts, and gives [Tables]. It shares
// nothing with compile, which decided what is configured; it knows how each
// cloud treats it, by the documented rules that the atlas lists under
// "route", with what happens beyond each limit. Packet filters are not its
// business but verify's. Its child cloud says what is configured, bgp what
// speakers make of it; here are failures, quotas, tables and packets.
//
// What is not modelled: BGP communities and AS-path prepends, for which a
// compiled network has no field (virtual hubs put their own number before a
// path, which is); timers, as tables are those after convergence; routing
// policies of devices beyond the prefixes that they announce; appliances and
// devices behind static connections, whose routes are [Unknown] hops.
//
// Outcomes rest on these facts of the atlas that are recalled and not yet
// verified (mark R):
//
//   - aws.tgw.announces_static: transit gateways announce static routes
//   - gcp.route.priority, gcp.route.order: what a static route's default
//     priority is, and what is preferred over what in a VPC
//   - azure.vwan.mesh, azure.vwan.interhub_path: virtual hubs hand on what
//     they connect, and what they put before the path
//   - gcp.ncc.dynamic_routes: VPC spokes use what hybrid spokes learn
package routes
