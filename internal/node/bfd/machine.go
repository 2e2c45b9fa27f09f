package bfd

import "time"

// slow is the least interval while a session is not up (RFC 5880 section
// 6.8.3).
const slow = time.Second

// machine is one end of a session in asynchronous mode: the variables of RFC
// 5880 section 6.8.1 and what changes them. It has no clock and no socket.
type machine struct {
	discriminator uint32
	interval      time.Duration // wanted while up, both ways
	multiplier    uint8

	state State
	diag  Diag

	// What is announced, and what counts until a poll sequence has told the
	// peer (section 6.8.3): the two differ while polling.
	desiredTx, effectiveTx   time.Duration
	requiredRx, effectiveRx  time.Duration
	polling, again           bool // again: changed since the poll began
	remoteDiscriminator      uint32
	remoteState              State
	remoteDesiredTx          time.Duration
	remoteRequiredRx         time.Duration
	remoteMultiplier         uint8
	heard                    time.Time // of the last packet
	remoteDemand, everListen bool
}

func newMachine(discriminator uint32, interval time.Duration, multiplier uint8) *machine {
	m := &machine{
		discriminator: discriminator, interval: interval, multiplier: multiplier,
		state: Down, remoteState: Down,
		requiredRx: interval, effectiveRx: interval,
		remoteRequiredRx: time.Microsecond, // section 6.8.1: initially 1
	}
	m.desiredTx = max(interval, slow)
	m.effectiveTx = m.desiredTx
	return m
}

// configure takes other timers; a session that is up tells its peer first.
func (m *machine) configure(interval time.Duration, multiplier uint8) {
	m.interval, m.multiplier = interval, multiplier
	m.retime(interval)
}

// retime sets what is announced (section 6.8.3).
func (m *machine) retime(requiredRx time.Duration) {
	desiredTx := m.interval
	if m.state != Up {
		desiredTx = max(desiredTx, slow)
	}
	if desiredTx == m.desiredTx && requiredRx == m.requiredRx {
		return
	}
	m.desiredTx, m.requiredRx = desiredTx, requiredRx
	if m.state != Up {
		m.effectiveTx, m.effectiveRx = desiredTx, requiredRx
		m.polling, m.again = false, false
		return
	}
	// Sending more often and waiting longer is harmless at once; the reverse
	// has to wait for the end of the poll sequence.
	m.effectiveTx = min(m.effectiveTx, desiredTx)
	m.effectiveRx = max(m.effectiveRx, requiredRx)
	m.again = m.polling
	m.polling = true
}

// enter changes the state.
func (m *machine) enter(s State, d Diag) {
	m.state = s
	m.diag = d
	if s != Up {
		m.polling, m.again = false, false
	}
	m.retime(m.requiredRx)
}

// receive takes a packet of the session (section 6.8.6). It reports whether
// something has to be sent at once: a changed state, or an answer to a poll,
// which final tells.
func (m *machine) receive(p *Packet, now time.Time) (send, final bool) {
	m.remoteDiscriminator = p.My
	m.remoteState = p.State
	m.remoteRequiredRx = microseconds(p.RequiredRx)
	m.remoteDesiredTx = microseconds(p.DesiredTx)
	m.remoteMultiplier = p.Multiplier
	m.remoteDemand = p.Demand
	if p.Final && m.polling {
		m.polling, m.again = m.again, false
		if !m.polling {
			m.effectiveTx, m.effectiveRx = m.desiredTx, m.requiredRx
		}
	}
	if m.state == AdminDown {
		return false, false
	}
	m.heard, m.everListen = now, true
	before := m.state
	switch {
	case p.State == AdminDown:
		if m.state != Down {
			m.enter(Down, NeighborDown)
		}
	case m.state == Down && p.State == Down:
		m.enter(Init, m.diag)
	case m.state == Down && p.State == Init:
		m.enter(Up, NoDiag)
	case m.state == Init && (p.State == Init || p.State == Up):
		m.enter(Up, NoDiag)
	case m.state == Up && p.State == Down:
		m.enter(Down, NeighborDown)
	}
	return p.Poll || m.state != before, p.Poll
}

// detection is how long no packet may come (section 6.8.4).
func (m *machine) detection() time.Duration {
	return time.Duration(m.remoteMultiplier) * max(m.effectiveRx, m.remoteDesiredTx)
}

// deadline is when the session is dead unless a packet comes; ok is false where
// none is awaited.
func (m *machine) deadline() (at time.Time, ok bool) {
	if !m.everListen || m.state == AdminDown || m.remoteDiscriminator == 0 {
		return time.Time{}, false
	}
	return m.heard.Add(m.detection()), true
}

// expire is called when the deadline has passed, and reports whether the state
// changed.
func (m *machine) expire() bool {
	m.remoteDiscriminator = 0 // section 6.8.1
	if m.state != Init && m.state != Up {
		return false
	}
	m.remoteState = Down
	m.enter(Down, TimeExpired)
	return true
}

// transmission is the interval of periodic packets before jitter (section
// 6.8.7); ok is false where none are to be sent.
func (m *machine) transmission() (d time.Duration, ok bool) {
	if m.remoteRequiredRx == 0 || m.remoteDemand && m.state == Up && m.remoteState == Up && !m.polling {
		return 0, false
	}
	return max(m.effectiveTx, m.remoteRequiredRx), true
}

// jittered takes 0 to 25 % off an interval; with a multiplier of 1, 10 to 25 %
// (section 6.8.7). random is in [0, 1).
func (m *machine) jittered(d time.Duration, random float64) time.Duration {
	most := 1.0
	if m.multiplier == 1 {
		most = 0.9
	}
	return time.Duration(float64(d) * (most - random*(most-0.75)))
}

// packet is what to send now.
func (m *machine) packet(final bool) Packet {
	return Packet{
		Diag: m.diag, State: m.state, Poll: m.polling && !final, Final: final,
		Multiplier: m.multiplier, My: m.discriminator, Your: m.remoteDiscriminator,
		DesiredTx: uint32(m.desiredTx.Microseconds()), RequiredRx: uint32(m.requiredRx.Microseconds()),
	}
}

func microseconds(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }
