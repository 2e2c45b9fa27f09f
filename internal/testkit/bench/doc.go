// Package bench times tieline as a whole process on the example and estate
// networks and records medians under docs/bench/. Beside them it times a peer
// on the same machine in the same run: terraform init and validate of the very
// network that tieline planned and rendered, the least that hand-written
// Terraform makes one wait for before anything is known of addresses, tunnels
// or the bill.
//
//	make bench
package bench
