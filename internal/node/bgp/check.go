package bgp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// transport is what of a session cannot change while it is established.
type transport struct {
	device, local, peer    string
	asn, peerASN           uint32
	passive                bool
	keepalive, hold, retry nodeconf.Millis
	limit                  int // beyond which the session ends; 0 is none
}

func transportOf(c *nodeconf.Session) transport {
	t := transport{
		device: c.Device, local: c.Local.String(), peer: c.Peer.String(),
		asn: c.ASN, peerASN: c.PeerASN, passive: c.Passive,
		keepalive: c.Keepalive, hold: c.Hold, retry: c.Retry,
	}
	if c.Beyond == nodeconf.EndSession {
		t.limit = c.Most
	}
	return t
}

// check returns all that is wrong with the sessions.
func check(sessions []nodeconf.Session) error {
	var errs []error
	seen := map[string]bool{}
	for i := range sessions {
		c := &sessions[i]
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("session %q: "+format, append([]any{c.ID}, args...)...))
		}
		if c.ID == "" || seen[c.ID] {
			bad("its id must be there and unique")
		}
		seen[c.ID] = true
		if !c.Local.Is4() || !c.Peer.Is4() || c.Local == c.Peer {
			bad("local %v and peer %v must be two IPv4 addresses", c.Local, c.Peer)
		}
		if c.ASN == 0 || c.PeerASN == 0 {
			bad("AS numbers %d and %d must not be 0 (RFC 7607)", c.ASN, c.PeerASN)
		}
		// RFC 4271 section 4.2: hold is 0 or at least 3 s, in whole seconds.
		if c.Hold%1000 != 0 || c.Hold < 3000 || c.Hold > 65535_000 {
			bad("hold %d ms must be whole seconds, from 3 s to 65535 s (RFC 4271 section 4.2)", c.Hold)
		}
		// It may be sent more often than is asked: the second is cut off.
		if c.Keepalive < 1000 || c.Keepalive >= c.Hold {
			bad("keepalive %d ms must be at least 1 s and below hold", c.Keepalive)
		}
		if c.Retry < 0 || c.Prepend < 0 || c.Most < 0 {
			bad("retry, prepend and most must not be negative")
		}
		switch c.Beyond {
		case nodeconf.EndSession, nodeconf.Ignore:
		case "":
			if c.Most > 0 {
				bad("a limit of %d prefixes needs what happens beyond it", c.Most)
			}
		default:
			bad("unknown %q beyond the limit", c.Beyond)
		}
		for _, text := range c.Communities {
			if _, err := parseCommunity(text); err != nil {
				bad("%w", err)
			}
		}
	}
	return errors.Join(errs...)
}

// parseCommunity reads 65000:100 (RFC 1997).
func parseCommunity(text string) (uint32, error) {
	high, low, ok := strings.Cut(text, ":")
	h, err1 := strconv.ParseUint(high, 10, 16)
	l, err2 := strconv.ParseUint(low, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return 0, fmt.Errorf("community %q is not of the form 65000:100", text)
	}
	return uint32(h)<<16 | uint32(l), nil
}
