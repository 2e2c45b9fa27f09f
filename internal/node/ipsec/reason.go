package ipsec

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// symptom is a line of charon's log (levels 0 and 1, which hold no secrets)
// and what it means for the tunnel.
type symptom struct {
	has  []string // all of them
	says func(t *nodeconf.Tunnel) string
}

func says(text string) func(*nodeconf.Tunnel) string {
	return func(*nodeconf.Tunnel) string { return text }
}

// symptoms in order: the first that fits. The texts are those of strongSwan
// 5.9 (ike_init.c, ike_auth.c, child_create.c, psk_authenticator.c,
// task_manager_v2.c).
var symptoms = []symptom{
	{[]string{"received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("no proposal chosen: the peer takes none of ours for ESP (%s)", strings.Join(t.IPsec.ESP, ", "))
	}},
	{[]string{"received NO_PROPOSAL_CHOSEN notify error"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("no proposal chosen: the peer takes none of ours for IKE (%s)", strings.Join(t.IPsec.IKE, ", "))
	}},
	{[]string{"received proposals unacceptable"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("no proposal chosen: what the peer offers for IKE is not ours (%s)", strings.Join(t.IPsec.IKE, ", "))
	}},
	{[]string{"no acceptable proposal found"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("no proposal chosen: what the peer offers for ESP is not ours (%s)", strings.Join(t.IPsec.ESP, ", "))
	}},
	{[]string{"received AUTHENTICATION_FAILED"}, says("authentication failed: the peer refuses our pre-shared key or identity")},
	{[]string{"MAC mismatched"}, says("authentication failed: the pre-shared key of the peer is another than ours")},
	{[]string{"no shared key found"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("authentication failed: there is no pre-shared key for %q and %q", t.IPsec.LocalID, t.IPsec.RemoteID)
	}},
	{[]string{"no matching peer config found"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("authentication failed: the peer does not call itself %q, or us not %q", t.IPsec.RemoteID, t.IPsec.LocalID)
	}},
	{[]string{"constraint check failed"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("authentication failed: the peer does not call itself %q", t.IPsec.RemoteID)
	}},
	{[]string{"received TS_UNACCEPTABLE"}, says("the peer refuses the traffic selectors 0.0.0.0/0: it is not a route-based tunnel there")},
	{[]string{"traffic selectors", "unacceptable"}, says("the traffic selectors of the peer are not 0.0.0.0/0: it is not a route-based tunnel there")},
	{[]string{"error writing to socket"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("there is no way from %v to %v", t.Local, t.Remote)
	}},
	{[]string{"giving up after"}, func(t *nodeconf.Tunnel) string {
		return fmt.Sprintf("the peer %v does not answer", t.Remote)
	}},
	{[]string{"received DELETE for IKE_SA"}, says("the peer closed the tunnel")},
	{[]string{"received DELETE for ESP CHILD_SA"}, nil}, // the ordinary end of a rekey
}

// reason says what a line of the log means for the tunnel; empty for nothing.
func reason(t *nodeconf.Tunnel, line string) string {
next:
	for _, s := range symptoms {
		for _, part := range s.has {
			if !strings.Contains(line, part) {
				continue next
			}
		}
		if s.says == nil {
			return ""
		}
		return s.says(t)
	}
	return ""
}

// logLine splits a line of charon's log, "08[IKE] <tun0|1> text": the
// connection (empty where it is not known yet) and the text.
func logLine(line string) (conn, text string) {
	_, text, ok := strings.Cut(line, "] ")
	if !ok {
		return "", line
	}
	rest, ok := strings.CutPrefix(text, "<")
	if !ok {
		return "", text
	}
	id, rest, ok := strings.Cut(rest, "> ")
	if !ok {
		return "", text
	}
	conn, _, ok = strings.Cut(id, "|")
	if !ok {
		return "", rest
	}
	return conn, rest
}
