package bgp

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	packet "github.com/osrg/gobgp/v4/pkg/packet/bgp"
	gobgp "github.com/osrg/gobgp/v4/pkg/server"

	"github.com/tieline/tieline/internal/nodeconf"
)

// port is BGP's.
const port = 179

// defaultLocalPref is what a route without LOCAL_PREF counts as.
const defaultLocalPref = 100

// ownAllowed keeps GoBGP from refusing paths with our AS number: it would do so
// without telling that the path before is gone (RFC 4271 section 3.1).
const ownAllowed = 255

// ipv4Unicast is the number of the family in the library's API.
const ipv4Unicast = 0

// callTimeout bounds a call of the embedded server.
const callTimeout = 5 * time.Second

// server is the GoBGP of one session.
type server struct {
	bgp  *gobgp.BgpServer
	conf *nodeconf.Session
	stop context.CancelFunc // of the watch
}

// open starts a server that listens and has no peer yet. It fails where the
// device or the address is not there.
func open(conf *nodeconf.Session, log *slog.Logger, onPeer func(*apiutil.WatchEventMessage_PeerEvent, time.Time), onPaths func([]*apiutil.Path, time.Time)) (*server, error) {
	b := gobgp.NewBgpServer(gobgp.LoggerOption(slog.New(quiet{log.Handler()}), nil))
	go b.Serve()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	watch, stop := context.WithCancel(context.Background())
	s := &server{bgp: b, conf: conf, stop: stop}
	err := b.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn: conf.ASN, RouterId: conf.Local.String(),
		ListenPort: port, ListenAddresses: []string{conf.Local.String()}, BindToDevice: conf.Device,
		// IPv4 unicast alone: the server makes tables of megabytes for every
		// family that it may speak.
		Families: []uint32{ipv4Unicast},
	}})
	if err != nil {
		s.close()
		return nil, fmt.Errorf("listen on %v, device %s: %w", conf.Local, conf.Device, err)
	}
	// The server's own table has our announcements only: nothing learned may
	// win over one of them.
	err = b.SetPolicies(ctx, &api.SetPoliciesRequest{
		Policies: []*api.Policy{{Name: "own", Statements: []*api.Statement{{
			Name:       "own",
			Conditions: &api.Conditions{RouteType: api.Conditions_ROUTE_TYPE_LOCAL},
			Actions:    &api.Actions{RouteAction: api.RouteAction_ROUTE_ACTION_ACCEPT},
		}}}},
		Assignments: []*api.PolicyAssignment{{
			Name: "global", Direction: api.PolicyDirection_POLICY_DIRECTION_IMPORT,
			Policies: []*api.Policy{{Name: "own"}}, DefaultAction: api.RouteAction_ROUTE_ACTION_REJECT,
		}},
	})
	if err == nil {
		err = b.WatchEvent(watch, gobgp.WatchEventMessageCallbacks{OnPathUpdate: onPaths, OnPeerUpdate: onPeer},
			gobgp.WatchPeer(), gobgp.WatchUpdate(false, "", ""))
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close ends the session, with a Cease, and the listener.
func (s *server) close() {
	s.bgp.Stop()
	s.stop()
}

// addPeer starts to answer, and to dial unless it is to yield to the peer or is
// passive.
func (s *server) addPeer(yield bool) error {
	c := s.conf
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	family := &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}
	ip4 := &api.AfiSafi{Config: &api.AfiSafiConfig{Family: family, Enabled: true}}
	if c.Beyond == nodeconf.EndSession && c.Most > 0 {
		ip4.PrefixLimits = &api.PrefixLimit{Family: family, MaxPrefixes: uint32(c.Most)}
	}
	return s.bgp.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf: &api.PeerConf{NeighborAddress: c.Peer.String(), PeerAsn: c.PeerASN, LocalAsn: c.ASN, AllowOwnAsn: ownAllowed, AllowAspathLoopLocal: true},
		Timers: &api.Timers{Config: &api.TimersConfig{
			ConnectRetry:      uint64(max(1, (c.Retry+999)/1000)),
			HoldTime:          uint64(c.Hold / 1000),
			KeepaliveInterval: uint64(c.Keepalive / 1000),
		}},
		Transport: &api.Transport{LocalAddress: c.Local.String(), BindInterface: c.Device, PassiveMode: c.Passive || yield},
		AfiSafis:  []*api.AfiSafi{ip4},
	}})
}

// deletePeer ends the session, with a Cease where it is established, and
// forgets what was announced.
func (s *server) deletePeer() error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := s.bgp.DeletePeer(ctx, &api.DeletePeerRequest{Address: s.conf.Peer.String()}); err != nil {
		return err
	}
	return s.bgp.DeletePath(apiutil.DeletePathRequest{DeleteAll: true})
}

// resetPeer tells the peer why its session ends: Cease, administrative reset
// (RFC 4486), with the reason (RFC 9003).
func (s *server) resetPeer(why string) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return s.bgp.ResetPeer(ctx, &api.ResetPeerRequest{Address: s.conf.Peer.String(), Communication: why})
}

// established asks for the state that announcements go by.
func (s *server) established() bool {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	up := false
	err := s.bgp.ListPeer(ctx, &api.ListPeerRequest{Address: s.conf.Peer.String()}, func(p *api.Peer) {
		up = p.GetState().GetSessionState() == api.PeerState_SESSION_STATE_ESTABLISHED
	})
	return err == nil && up
}

// announce adds, replaces and withdraws.
func (s *server) announce(add []Export, withdraw []netip.Prefix) error {
	if len(add) > 0 {
		paths := make([]*apiutil.Path, len(add))
		for i := range add {
			path, err := pathOf(s.conf, &add[i])
			if err != nil {
				return err
			}
			paths[i] = path
		}
		if _, err := s.bgp.AddPath(apiutil.AddPathRequest{Paths: paths}); err != nil {
			return err
		}
	}
	if len(withdraw) == 0 {
		return nil
	}
	paths := make([]*apiutil.Path, len(withdraw))
	for i, p := range withdraw {
		nlri, err := packet.NewIPAddrPrefix(p)
		if err != nil {
			return err
		}
		paths[i] = &apiutil.Path{Family: packet.RF_IPv4_UC, Nlri: nlri, Withdrawal: true}
	}
	return s.bgp.DeletePath(apiutil.DeletePathRequest{Paths: paths})
}

// pathOf writes an announcement. The server puts our own AS number in front for
// an external peer, and LOCAL_PREF 100 for an internal one; the next hop 0.0.0.0
// stands for our own address.
func pathOf(conf *nodeconf.Session, e *Export) (*apiutil.Path, error) {
	nlri, err := packet.NewIPAddrPrefix(e.Prefix)
	if err != nil {
		return nil, err
	}
	hop, err := packet.NewPathAttributeNextHop(netip.IPv4Unspecified())
	if err != nil {
		return nil, err
	}
	var segments []packet.AsPathParamInterface
	if len(e.Path) > 0 {
		segments = append(segments, packet.NewAs4PathParam(packet.BGP_ASPATH_ATTR_TYPE_SEQ, slices.Clone(e.Path)))
	}
	attrs := []packet.PathAttributeInterface{packet.NewPathAttributeOrigin(packet.BGP_ORIGIN_ATTR_TYPE_IGP), packet.NewPathAttributeAsPath(segments), hop}
	if e.MED != nil {
		attrs = append(attrs, packet.NewPathAttributeMultiExitDisc(*e.MED))
	}
	if len(e.Communities) > 0 {
		attrs = append(attrs, packet.NewPathAttributeCommunities(slices.Clone(e.Communities)))
	}
	return &apiutil.Path{Family: packet.RF_IPv4_UC, Nlri: nlri, Attrs: attrs}, nil
}

// learnedOf reads a path of the peer; ok is false for one that is not IPv4
// unicast.
func learnedOf(p *apiutil.Path) (l Learned, ok bool) {
	nlri, ok := p.Nlri.(*packet.IPAddrPrefix)
	if !ok || p.Family != packet.RF_IPv4_UC {
		return Learned{}, false
	}
	l = Learned{Prefix: nlri.Prefix, LocalPref: defaultLocalPref}
	for _, a := range p.Attrs {
		switch a := a.(type) {
		case *packet.PathAttributeAsPath:
			for _, segment := range a.Value {
				l.Path = append(l.Path, segment.GetAS()...)
			}
		case *packet.PathAttributeMultiExitDisc:
			l.MED = a.Value
		case *packet.PathAttributeLocalPref:
			l.LocalPref = a.Value
		case *packet.PathAttributeCommunities:
			l.Communities = slices.Sorted(slices.Values(a.Value))
		}
	}
	return l, true
}

// quiet passes on the warnings of the embedded server, not its chatter.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
