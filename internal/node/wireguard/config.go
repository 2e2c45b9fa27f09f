package wireguard

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"

	"github.com/tieline/tieline/internal/nodeconf"
)

// config is what one tunnel is to be: comparable, so that a change is seen.
type config struct {
	name, id  string
	underlay  string
	mtu       int
	private   key
	peer      key
	port      uint16
	endpoint  netip.AddrPort
	keepalive int // seconds; 0 on the end that does not initiate
	initiate  bool
}

// key is a Curve25519 key, private or public.
type key [32]byte

// String hides the key: private keys end up in no log.
func (key) String() string { return "<key>" }

// GoString is [key.String].
func (key) GoString() string { return "<key>" }

// defaultKeepalive is the interval, in seconds, that keeps mappings of NATs
// alive (wireguard.com/quickstart, "NAT and Firewall Traversal Persistence").
const defaultKeepalive = 25

func (m *Manager) config(t *nodeconf.Tunnel) (config, error) {
	w := t.WireGuard
	if w == nil {
		return config{}, errors.New("it has no WireGuard settings")
	}
	if t.Name == "" || len(t.Name) > 15 {
		return config{}, fmt.Errorf("device name %q must have 1 to 15 bytes", t.Name)
	}
	if !w.Endpoint.IsValid() {
		return config{}, errors.New("its peer has no endpoint")
	}
	peer, err := parseKey([]byte(w.PublicKey))
	if err != nil {
		return config{}, fmt.Errorf("peer's public key: %w", err)
	}
	if m.opts.Secrets == nil {
		return config{}, errors.New("no source of secrets")
	}
	secret, err := m.opts.Secrets(w.PrivateKey)
	if err != nil {
		return config{}, fmt.Errorf("private key %q: %w", w.PrivateKey, err)
	}
	private, err := parseKey(secret)
	if err != nil {
		return config{}, fmt.Errorf("private key %q: %w", w.PrivateKey, err)
	}
	c := config{
		name: t.Name, id: t.ID, underlay: t.Underlay, mtu: t.MTU, private: private, peer: peer,
		port: w.ListenPort, endpoint: w.Endpoint, initiate: t.Initiate,
	}
	if t.Initiate {
		c.keepalive = w.Keepalive
		if c.keepalive == 0 {
			c.keepalive = defaultKeepalive
		}
	}
	if c.mtu == 0 {
		c.mtu = 1420 // what wg-quick sets on Ethernet: 1500 less 80 of the longest headers
	}
	return c, nil
}

// parseKey reads 32 raw bytes or their base64. The error has no byte of it.
func parseKey(b []byte) (key, error) {
	if len(b) == len(key{}) {
		return key(b), nil
	}
	var out [33]byte
	n, err := base64.StdEncoding.Strict().Decode(out[:], padded(bytes.TrimSpace(b)))
	if err != nil || n != len(key{}) {
		return key{}, fmt.Errorf("%d bytes are not a key: want 32, or the 44 of its base64", len(b))
	}
	return key(out[:32]), nil
}

// padded gives b when it has the length of a key in base64, else nothing.
func padded(b []byte) []byte {
	if len(b) != base64.StdEncoding.EncodedLen(len(key{})) {
		return nil
	}
	return b
}
