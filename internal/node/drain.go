package node

import (
	"context"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// How long a drain takes at most.
const (
	drainLeave  = 500 * time.Millisecond // for peers to choose other ways, where those are known
	drainQuiet  = 500 * time.Millisecond // without traffic for as long, the peers have moved
	drainMost   = 5 * time.Second        // after which it ends regardless
	drainLook   = 100 * time.Millisecond
	chatterRate = 20 // packets a second of a session's keepalives and the like, beside BFD's
)

// Drain takes the node out of service without loss: it tells its peers that
// its routes are about to go away (RFC 8326), then withdraws them, and goes on
// forwarding until its devices take in no more than the chatter of sessions,
// or a bound of seconds. Then BFD and BGP sessions end on purpose. Devices,
// tunnels and routes stay. [Node.Set] puts it back in service.
func (n *Node) Drain(ctx context.Context) error {
	n.setting.Lock()
	defer n.setting.Unlock()
	n.mu.Lock()
	c, done := n.conf, n.draining
	n.draining = true
	n.mu.Unlock()
	if done || c.Version == 0 {
		return nil
	}
	n.log.Info("draining")
	defer n.log.Info("drained")
	sessions, _ := n.routing.states()
	up := 0
	for i := range sessions {
		if sessions[i].State == "established" {
			up++
		}
	}
	if up > 0 {
		n.routing.drain(leaving)
		sleep(ctx, drainLeave)
		n.routing.drain(withdrawn)
		n.quiet(ctx, &c)
	}
	if err := n.routing.setBFD(ctx, &nodeconf.Config{}); err != nil {
		n.log.Warn("draining", "error", err)
	}
	if err := n.routing.setBGP(ctx, &nodeconf.Config{}); err != nil {
		n.log.Warn("draining", "error", err)
	}
	return ctx.Err()
}

// quiet waits until the devices of sessions take in little.
func (n *Node) quiet(ctx context.Context, c *nodeconf.Config) {
	if n.received == nil {
		return
	}
	chatter := map[string]float64{} // packets a second, by device
	for i := range c.Sessions {
		s := &c.Sessions[i]
		chatter[s.Device] += chatterRate
		if s.BFD != nil {
			chatter[s.Device] += 2000 / float64(s.BFD.Interval) // each interval, with jitter and echoes of a change
		}
	}
	ctx, cancel := context.WithTimeout(ctx, drainMost)
	defer cancel()
	since := time.Now()
	for ctx.Err() == nil {
		before, err := n.received()
		if err != nil {
			n.log.Warn("counting packets", "error", err)
			return
		}
		at := time.Now()
		sleep(ctx, drainLook)
		after, err := n.received()
		if err != nil {
			n.log.Warn("counting packets", "error", err)
			return
		}
		for device, rate := range chatter {
			if float64(after[device]-before[device]) > rate*time.Since(at).Seconds()+2 {
				since = time.Now()
			}
		}
		if time.Since(since) >= drainQuiet {
			return
		}
	}
}

// sleep waits, but not beyond ctx.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
