package gcp

import (
	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/vocab"
)

// cipherSuite writes the one choice of algorithms, so that a rekey cannot
// move to another and change MTU and speed with it. An AEAD cipher takes no
// integrity.
func (w writer) cipherSuite(b *hcl.Body, s vocab.Suite) {
	offer := w.r.Set.Atlas.VPN(vocab.GCP)
	b.Block("cipher_suite")
	b.Block("phase1")
	b.Attr("encryption", native(offer.IKE.Encryption, s.IKEEncryption))
	if !s.IKEEncryption.IsAEAD() {
		b.Attr("integrity", native(offer.IKE.Integrity, s.IKEIntegrity))
	}
	b.Attr("prf", native(offer.IKE.PRF, s.PRF))
	b.Attr("dh", native(offer.IKE.Groups, s.IKEGroup))
	b.End()
	b.Blank()
	b.Block("phase2")
	b.Attr("encryption", native(offer.ESP.Encryption, s.ESPEncryption))
	if !s.ESPEncryption.IsAEAD() {
		b.Attr("integrity", native(offer.ESP.Integrity, s.ESPIntegrity))
	}
	b.Attr("pfs", native(offer.ESP.PFSGroups, s.PFSGroup))
	b.End()
	b.End()
}

// native gives a list of one algorithm by the provider's name of it.
func native[T comparable](c atlas.Choices[T], v T) hcl.Expr {
	name, ok := c.Native(v)
	if !ok {
		panic("gcp: a suite that Cloud VPN does not offer")
	}
	return hcl.Strings(name)
}
