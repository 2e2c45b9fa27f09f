package names

import (
	"strings"

	"github.com/tieline/tieline/internal/fabric"
)

// Former returns the id that an object had before the renames of the network;
// the id itself where nothing of it was renamed. An id of two halves (a link,
// an attachment) is renamed half by half, a link's halves put back in order.
func Former(n *fabric.Network, id string) string {
	if len(n.Renames) == 0 {
		return id
	}
	if left, right, ok := strings.Cut(id, "--"); ok {
		right, rest, _ := strings.Cut(right, "/")
		a, b := formerPath(n, left), formerPath(n, right)
		if !strings.Contains(left, "/") && b < a {
			a, b = b, a
		}
		if rest != "" {
			b += "/" + rest
		}
		return a + "--" + b
	}
	return formerPath(n, id)
}

// formerPath renames the parts of site/network/subnet, each by the rename of
// the path that ends in it.
func formerPath(n *fabric.Network, id string) string {
	parts := strings.Split(id, "/")
	old := make([]string, len(parts))
	for i := range parts {
		old[i] = parts[i]
		path := strings.Join(parts[:i+1], "/")
		for _, r := range n.Renames {
			if specID(r.New) == path {
				old[i] = Last(specID(r.Old))
			}
		}
	}
	return strings.Join(old, "/")
}

// specID turns a path of the spec into an id: sites.a.networks.b.subnets.c is
// a/b/c. An id stays as it is.
func specID(path string) string {
	path = strings.TrimPrefix(path, "sites.")
	path = strings.Replace(path, ".networks.", "/", 1)
	return strings.Replace(path, ".subnets.", "/", 1)
}
