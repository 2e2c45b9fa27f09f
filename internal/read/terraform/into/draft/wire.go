package draft

import (
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Cipher is what the packets of a tunnel are encrypted with, as one end states
// it; zero where it leaves a choice.
type Cipher struct {
	Encryption vocab.Encryption
	Integrity  vocab.Hash
}

// ReadCipher reads the cipher of an end from the names that its cloud gives to
// what it offers: one of each, else the end leaves a choice.
func ReadCipher(o atlas.ESPOffer, encryption, integrity []string) Cipher {
	var c Cipher
	if len(encryption) != 1 {
		return c
	}
	for _, x := range o.Encryption.All {
		if strings.EqualFold(x.Native, encryption[0]) {
			c.Encryption = x.Value
		}
	}
	if c.Encryption == 0 || c.Encryption.IsAEAD() {
		return c
	}
	for _, x := range o.Integrity.All {
		if len(integrity) == 1 && strings.EqualFold(x.Native, integrity[0]) {
			c.Integrity = x.Value
		}
	}
	if c.Integrity == vocab.NoHash {
		return Cipher{}
	}
	return c
}

// wire sets what a VPN link carries: the largest packet that fits into the
// tunnels of both ends with NAT traversal, and no more than is safe between any
// two gateways, which alone counts where neither end states a cipher; and the
// segment size to clamp TCP to.
func (d *Draft) wire(l *fabric.Link, pairs [][2]int) {
	l.MTU, _ = d.Atlas.MTU(atlas.MTUCommonVPN)
	l.MSS, _ = d.Atlas.MTU(atlas.MSSCommonVPN)
	cipher, agreed := d.cipherOf(pairs)
	if agreed && cipher.Encryption != 0 {
		l.Suite.ESPEncryption, l.Suite.ESPIntegrity = cipher.Encryption, cipher.Integrity
	}
	for _, p := range pairs {
		for _, i := range p {
			e := &d.ends[i]
			c := e.ESP
			if c.Encryption == 0 {
				c = d.ends[e.joined].ESP
			}
			if c.Encryption == 0 {
				continue
			}
			if m, _ := d.Atlas.VPN(e.Cloud).MTU(c.Encryption, c.Integrity, true); m > 0 {
				l.MTU = min(l.MTU, m)
			}
		}
	}
	l.MSS = min(l.MSS, l.MTU-tcpHeaders)
}

// tcpHeaders is the length of the headers of IPv4 and TCP without options
// (RFC 9293 section 3.7.1), in bytes.
const tcpHeaders = 40

// cipherOf is the cipher that all tunnels of a link have, as far as ends state
// one; agreed is false when they state several.
func (d *Draft) cipherOf(pairs [][2]int) (c Cipher, agreed bool) {
	for _, p := range pairs {
		for _, i := range p {
			x := d.ends[i].ESP
			switch {
			case x.Encryption == 0:
			case c.Encryption == 0:
				c = x
			case c != x:
				return Cipher{}, false
			}
		}
	}
	return c, true
}
