package names

import "github.com/tieline/tieline/internal/fabric"

// Former is [fabric.Network.Former].
func Former(n *fabric.Network, id string) string { return n.Former(id) }
