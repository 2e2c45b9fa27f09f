package probe

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

// wire sends the packets of one probe; answers go to its record. An error of
// send is of that packet; a wire that failed is closed, and another one opened.
type wire interface {
	send(seq uint32) error
	close() // returns when nothing of it runs any more
}

// openWire makes the wire of a probe. within runs what makes a socket.
func openWire(conf *nodeconf.Probe, rec *record, within func(func() error) error) (wire, error) {
	p := path{conf.Device, conf.Local}
	var s *socket
	dial := func(f func() (*socket, error)) error {
		return within(func() (err error) { s, err = f(); return plain(err) })
	}
	switch conf.Kind {
	case nodeconf.TCP:
		return newTCPWire(conf, rec, within), nil
	case nodeconf.ICMP:
		if err := dial(func() (*socket, error) { return dialICMP(p, conf.Target.Addr(), told) }); err != nil {
			return nil, err
		}
		return newPacketWire(s, rec, echoFormat()), nil
	case nodeconf.STAMP:
		if err := dial(func() (*socket, error) { return dialUDP(p, stampTarget(conf.Target), told) }); err != nil {
			return nil, err
		}
		return newPacketWire(s, rec, stampFormat(clockEstimate)), nil
	}
	return nil, errors.New("kind " + string(conf.Kind) + " is not known")
}

// stampTarget fills in the port of STAMP (RFC 8762 section 4.1).
func stampTarget(a netip.AddrPort) netip.AddrPort {
	if a.Port() == 0 {
		return netip.AddrPortFrom(a.Addr(), stampPort)
	}
	return a
}

const stampPort = 862

// format makes packets and reads what comes back; ok is false for what is no
// answer to them.
type format struct {
	headers int // bytes that the kernel puts before it: IPv4 without options, UDP
	size    int // of the least packet, without them
	make    func(b []byte, seq uint32)
	parse   func(d *datagram) (a answer, ok bool)
}

// echoFormat is ICMP's.
func echoFormat() format {
	id, token := uint16(rand.Uint32()), rand.Uint64()
	return format{
		headers: 20, size: echoSize,
		make: func(b []byte, seq uint32) { e := echo{id, token, seq}; e.put(b) },
		parse: func(d *datagram) (answer, bool) {
			e, err := parseEchoReply(d.data)
			if err != nil || e.id != id || e.token != token {
				return answer{}, false
			}
			return answer{seq: e.seq, at: d.at}, true
		},
	}
}

// stampFormat is STAMP's, which a TWAMP-light reflector understands too.
func stampFormat(clock func() uint16) format {
	session := uint16(rand.Uint32N(1<<16-1) + 1)
	return format{
		headers: 20 + 8, size: stampSize,
		make: func(b []byte, seq uint32) {
			q := request{seq: seq, estimate: clock(), session: session, at: toNTP(time.Now())}
			q.put(b)
		},
		parse: func(d *datagram) (answer, bool) {
			p, err := parseReply(d.data)
			if err != nil || p.session != session && p.session != 0 { // 0: one that knows of no sessions
				return answer{}, false
			}
			return p.answer(d.at), true
		},
	}
}

// answer reads the times of an answer that came at a moment.
func (p *reply) answer(at time.Time) answer {
	a := answer{seq: p.sender.seq, at: at, dwell: p.dwell(), stamped: true, reflected: p.seq}
	if p.estimate&estimatePTP != 0 {
		return a // another epoch: the clocks cannot be compared
	}
	a.oneWay, a.there, a.back = true, p.received.sub(p.sender.at), toNTP(at).sub(p.at)
	here, mine := parseEstimate(p.sender.estimate)
	far, theirs := parseEstimate(p.estimate)
	a.clocks = clocks{synchronized: mine && theirs, err: here + far}
	return a
}

// packetWire is the wire of kinds that are answered packet by packet.
type packetWire struct {
	socket  *socket
	rec     *record
	format  format
	buffer  []byte
	reading sync.WaitGroup
	deaf    atomic.Bool
}

var errDeaf = errors.New("the socket hears nothing any more")

func newPacketWire(s *socket, rec *record, f format) *packetWire {
	w := &packetWire{socket: s, rec: rec, format: f, buffer: make([]byte, f.size)}
	w.reading.Go(w.read)
	return w
}

func (w *packetWire) send(seq uint32) error {
	if w.deaf.Load() {
		return errDeaf
	}
	w.format.make(w.buffer, seq)
	return w.socket.send(w.buffer, w.rec.explain)
}

func (w *packetWire) read() {
	for {
		d, err := w.socket.receive()
		switch {
		case err == nil:
			if a, ok := w.format.parse(&d); ok {
				w.rec.arrive(a)
			}
		case pathError(err):
			w.rec.explain(err)
		default:
			w.deaf.Store(true) // closed, or its device is gone
			return
		}
	}
}

func (w *packetWire) close() {
	w.socket.close()
	w.reading.Wait()
}

// tcpWire opens a connection for each packet, and closes it when it stands.
type tcpWire struct {
	conf   *nodeconf.Probe
	rec    *record
	within func(func() error) error
	ctx    context.Context
	cancel context.CancelFunc
	dials  sync.WaitGroup
}

func newTCPWire(conf *nodeconf.Probe, rec *record, within func(func() error) error) *tcpWire {
	ctx, cancel := context.WithCancel(context.Background())
	return &tcpWire{conf: conf, rec: rec, within: within, ctx: ctx, cancel: cancel}
}

func (w *tcpWire) send(seq uint32) error {
	w.dials.Go(func() {
		if err := w.within(func() error { return w.dial(seq) }); err != nil && w.ctx.Err() == nil {
			w.rec.fail(seq, plain(err))
		}
	})
	return nil
}

// dial measures one handshake. The kernel's own measure is taken where the SYN
// went once: it does not wait for this process.
func (w *tcpWire) dial(seq uint32) error {
	d := net.Dialer{Timeout: time.Duration(w.conf.Timeout) * time.Millisecond, Control: path{w.conf.Device, w.conf.Local}.control(nil), KeepAlive: -1}
	if w.conf.Local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(w.conf.Local, 0))
	}
	conn, err := d.DialContext(w.ctx, "tcp4", w.conf.Target.String())
	if err != nil {
		return err
	}
	a := answer{seq: seq, at: time.Now()}
	a.trip = handshake(conn.(*net.TCPConn))
	w.rec.arrive(a)
	return conn.Close()
}

// handshake gives the round trip of SYN and SYN-ACK by the kernel's clock; 0
// where it has none, or sent more than one.
func handshake(conn *net.TCPConn) time.Duration {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	var info *unix.TCPInfo
	var failed error
	err = raw.Control(func(fd uintptr) { info, failed = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	if err != nil || failed != nil || info.Total_retrans != 0 {
		return 0
	}
	return time.Duration(info.Rtt) * time.Microsecond
}

func (w *tcpWire) close() {
	w.cancel()
	w.dials.Wait()
}
