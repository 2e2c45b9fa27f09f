// Package ipsec runs IKEv2 and ESP tunnels through strongSwan: it is given the
// whole list that is wanted, and makes a network device of each tunnel, by its
// name, in the namespace of the process. IKE, and the encrypted packets, travel
// in the tunnel's underlay, which may be another namespace.
//
// Who does ESP is found out by trying ([Probe]):
//
//   - The kernel: one charon for each underlay, an xfrm interface for each
//     tunnel, whose id ties it to its SAs. This way is tested only as data (the
//     messages to charon): the machines that this was written on have no ESP in
//     their kernel, so it has not been run.
//   - Else charon itself (plugin kernel-libipsec): one charon for each tunnel,
//     since its one TUN device cannot tell two tunnels for 0.0.0.0/0 apart. It
//     runs in the underlay, and its TUN device is moved into the node.
//
// The connection is built once, for both. Pre-shared keys go to charon over its
// socket; they are in no file and no log.
//
// charon dies with this process (PR_SET_PDEATHSIG). When it dies alone it is
// started again, its tunnels are loaded and dialed.
package ipsec
