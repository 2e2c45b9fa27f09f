// Package routes works out what the clouds' control planes make of a compiled
// network: which routes every table holds once BGP, propagation and peerings
// have converged, healthy or with parts failed, and where a packet then goes.
//
// It takes a [fabric.Network] and the facts, and gives [Tables]. It shares
// nothing with compile, which decided what is configured; it knows how each
// cloud treats it, by the documented rules that the atlas lists under
// "route", with what happens beyond each limit. Packet filters are not its
// business but verify's.
package routes
