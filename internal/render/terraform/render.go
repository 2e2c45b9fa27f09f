// Package terraform renders a compiled network as Terraform that stands alone:
// the root modules with their providers, variables, outputs and secrets, and in
// them, by the packages of the clouds, the resources of each site and link. It
// decides nothing; what is made and how stands in the network.
package terraform

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/aws"
	"github.com/tieline/tieline/internal/render/terraform/azure"
	"github.com/tieline/tieline/internal/render/terraform/gcp"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

// File is a rendered file.
type File struct {
	Path string // slash-separated, relative to the output: aws-oregon-network.tf
	Data []byte
}

// Render returns the files of a network, sorted by path. Equal networks give
// equal bytes. It fails on links of a kind that Terraform is not written for.
func Render(n *fabric.Network, a *atlas.Atlas) ([]File, error) {
	set := root.New(n, a)
	for _, site := range n.Sites {
		renderSite(set.Site(site.ID), site)
	}
	for _, link := range n.Links {
		if err := renderLink(set.Links(), link); err != nil {
			return nil, err
		}
	}
	writeSecrets(set.Links())

	var files []File
	for _, r := range set.Roots() {
		if len(r.Files()) == 0 {
			continue
		}
		writeLocals(r)
		writeStates(r)
		writeProviders(r)
		writeVersions(r)
		writeVariables(r)
		writeOutputs(r)
		writeMoves(r)
		for _, name := range r.Files() {
			if data := r.File(name).Bytes(); len(data) > 0 {
				files = append(files, File{Path: path.Join(r.Dir, name), Data: data})
			}
		}
	}
	slices.SortFunc(files, func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
	return files, nil
}

func renderSite(r *root.Root, site fabric.Site) {
	switch site.Cloud {
	case vocab.AWS:
		aws.Site(r, site)
	case vocab.GCP:
		gcp.Site(r, site)
	case vocab.Azure:
		azure.Site(r, site)
	case vocab.OnPrem, vocab.Exchange: // nothing of theirs is Terraform's to make
	}
}

func renderLink(r *root.Root, link fabric.Link) error {
	switch link.Kind {
	case fabric.VPN:
		renderVPN(r, link)
	case fabric.TransitPeerLink:
		aws.Link(r, link)
	case fabric.SameVPCLink, fabric.VPCPeerLink, fabric.NCCLink:
		gcp.Link(r, link)
	case fabric.VNetPeerLink, fabric.VirtualWANLink:
		azure.Link(r, link)
	case fabric.CircuitLink, fabric.OverlayLink, fabric.CrossConnectLink:
		return fmt.Errorf("link %s: no Terraform for a %s", link.ID, link.Kind)
	}
	return nil
}

// renderVPN writes the ends in the order in which they can be made: the
// addresses of AWS's ends are known only after its connections, those of the
// others before.
func renderVPN(r *root.Root, link fabric.Link) {
	var clouds [2]vocab.Cloud
	for i, id := range link.Sites {
		site, ok := r.Set.Network.Site(id)
		if !ok {
			panic("terraform: no site " + string(id))
		}
		clouds[i] = site.Cloud
	}
	order := []int{0, 1}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(clouds[i], clouds[j]) })
	for _, end := range order {
		switch clouds[end] {
		case vocab.AWS:
			aws.LinkEnd(r, link, end)
		case vocab.GCP:
			gcp.LinkEnd(r, link, end)
		case vocab.Azure:
			azure.LinkEnd(r, link, end)
		case vocab.OnPrem, vocab.Exchange: // its engineer has the outputs
		}
	}
	linkOutput(r, link)
}
