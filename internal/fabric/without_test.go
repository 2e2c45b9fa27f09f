package fabric

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithout(t *testing.T) {
	n := &Network{
		Links:       []Link{{ID: "a--b"}, {ID: "a--c"}},
		Tunnels:     []Tunnel{{ID: "a--b/0", Link: "a--b"}, {ID: "a--c/0", Link: "a--c"}},
		Connections: []Connection{{ID: "a--b/c0", Link: "a--b"}, {ID: "a--c/c0", Link: "a--c"}},
		Attachments: []Attachment{
			{ID: "a/tgw--a/app", Kind: TransitVPCAttachment},
			{ID: "vpn--a--b/c0", Kind: TransitVPNAttachment, Connection: "a--b/c0"},
			{ID: "vpn--a--c/c0", Kind: TransitVPNAttachment, Connection: "a--c/c0"},
		},
		Gateways: []Gateway{{ID: "a/tgw", Tables: []TransitTable{{
			Name:      "edge",
			Associate: []AttachmentID{"vpn--a--b/c0", "vpn--a--c/c0"},
			Propagate: []AttachmentID{"a/tgw--a/app", "vpn--a--b/c0"},
			Routes:    []Route{{Hop: Hop{Kind: HopAttachment, Attachment: "vpn--a--b/c0"}}, {Hop: Hop{Kind: HopBlackhole}}},
		}}}},
	}
	got := n.Without("a--b")
	ids := func(n *Network) (out []string) {
		for _, l := range n.Links {
			out = append(out, string(l.ID))
		}
		for _, x := range n.Tunnels {
			out = append(out, string(x.ID))
		}
		for _, x := range n.Connections {
			out = append(out, string(x.ID))
		}
		for _, x := range n.Attachments {
			out = append(out, string(x.ID))
		}
		for _, x := range n.Gateways[0].Tables {
			for _, a := range append(append([]AttachmentID(nil), x.Associate...), x.Propagate...) {
				out = append(out, "table "+string(a))
			}
			for _, r := range x.Routes {
				out = append(out, "route "+string(r.Hop.Attachment))
			}
		}
		return out
	}
	want := []string{"a--c", "a--c/0", "a--c/c0", "a/tgw--a/app", "vpn--a--c/c0", "table vpn--a--c/c0", "table a/tgw--a/app", "route "}
	if d := cmp.Diff(want, ids(got)); d != "" {
		t.Errorf("Without(a--b):\n%s", d)
	}
	if len(n.Links) != 2 || len(n.Gateways[0].Tables[0].Associate) != 2 {
		t.Error("Without changed the network it was asked of")
	}
}
