package fabric

import "strings"

// Former returns the id that an object had before the renames of the network;
// the id itself where nothing of it was renamed. An id of two halves (a link,
// an attachment) is renamed half by half, a link's halves put back in order, and
// what follows them (a tunnel's number, one of the sites) after that.
func (n *Network) Former(id string) string {
	if len(n.Renames) == 0 {
		return id
	}
	if left, right, ok := strings.Cut(id, "--"); ok {
		if strings.ContainsAny(left, "/:") { // no link: its halves are sites
			return n.formerPath(left) + "--" + n.Former(right)
		}
		if strings.Contains(right, "--") { // vpn--, peering--: the attachment of a link
			return left + "--" + n.Former(right)
		}
		right, rest, _ := strings.Cut(right, "/")
		a, b := n.formerPath(left), n.formerPath(right)
		if b < a {
			a, b = b, a
		}
		if rest != "" {
			b += "/" + n.formerPath(rest)
		}
		return a + "--" + b
	}
	return n.formerPath(id)
}

// formerPath renames the parts of site/network/subnet, each by the rename of
// the path that ends in it, and account:network of a VPC that spans sites by
// the rename of its network at one of them.
func (n *Network) formerPath(id string) string {
	if account, network, ok := strings.Cut(id, ":"); ok {
		return account + ":" + n.formerSpanning(id, network)
	}
	parts := strings.Split(id, "/")
	old := make([]string, len(parts))
	for i := range parts {
		old[i] = parts[i]
		path := strings.Join(parts[:i+1], "/")
		for _, r := range n.Renames {
			if r.Kind != "segment" && r.New == path {
				old[i] = lastName(r.Old)
			}
		}
	}
	return strings.Join(old, "/")
}

// formerSpanning returns the former name of the network of a VPC that spans
// sites. What follows the name in the id stays.
func (n *Network) formerSpanning(id, network string) string {
	name, rest, more := strings.Cut(network, "/")
	v, ok := n.VPC(VPCID(strings.TrimSuffix(id, "/"+rest)))
	if !ok {
		return network
	}
	for _, site := range v.Sites {
		for _, r := range n.Renames {
			if r.New == string(site)+"/"+name {
				name = lastName(r.Old)
				if more {
					return name + "/" + rest
				}
				return name
			}
		}
	}
	return network
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
