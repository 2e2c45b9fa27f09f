package relay

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// largest is the size of a buffer: the largest IP packet of a jumbo frame that
// a cloud carries, and then some.
const largest = 9216

// burst is how many packets are read from one port before others have a turn.
const burst = 64

// worker is the state of the relay's thread.
type worker struct {
	r     *Relay
	queue queue
	free  [][]byte // buffers
	armed int64    // when the timer is set to, ns
}

// packet is on its way.
type packet struct {
	at   int64 // due, ns of the monotonic clock
	seq  uint64
	buf  []byte
	path *path
}

func (w *worker) loop() error {
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := unix.EpollWait(w.r.epoll, events, w.arm())
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("epoll: %w", err)
		}
		if w.r.closed.Load() {
			return nil
		}
		t := w.r.table.Load()
		for _, ev := range events[:n] {
			if ev.Fd >= 0 {
				if int(ev.Fd) < len(t.ports) {
					w.take(&t.ports[ev.Fd])
				}
				continue
			}
			var b [8]byte
			unix.Read([]int{w.r.timer, w.r.wake}[-1-ev.Fd], b[:]) // only to quiet it
			if ev.Fd == -1 {
				w.armed = 0
			}
		}
		w.send(t)
	}
}

// arm sets the timer to the packet that is due next and gives how long to wait
// in milliseconds: not at all when one is due already, else for ever.
func (w *worker) arm() int {
	if len(w.queue.heap) == 0 {
		return -1
	}
	next := w.queue.heap[0].at
	if next <= now() {
		return 0
	}
	if w.armed != next {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(next)}
		if err := unix.TimerfdSettime(w.r.timer, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
			return 1
		}
		w.armed = next
	}
	return -1
}

// take reads what a port has.
func (w *worker) take(p *port) {
	for range burst {
		buf := w.buffer()
		n, err := unix.Read(p.fd, buf)
		if err != nil || n <= 0 {
			w.free = append(w.free, buf)
			if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
				unix.EpollCtl(w.r.epoll, unix.EPOLL_CTL_DEL, p.fd, nil) // its device is gone: it would report that for ever
			}
			return
		}
		q := p.find(buf[:n])
		if q == nil {
			w.r.stray.Add(1)
			w.free = append(w.free, buf)
			continue
		}
		at, ok := q.due(now(), n)
		if !ok {
			w.free = append(w.free, buf)
			continue
		}
		w.queue.push(packet{at: at, buf: buf[:n], path: q})
	}
}

// find gives the path of a packet: IPv4 (RFC 791 section 3.1) or any on a wire.
func (p *port) find(b []byte) *path {
	if p.wire != nil {
		return p.wire
	}
	if len(b) < 20 || b[0]>>4 != 4 {
		return nil
	}
	return p.paths[pair{[4]byte(b[12:16]), [4]byte(b[16:20])}]
}

// send lets go of what is due.
func (w *worker) send(t *table) {
	for len(w.queue.heap) > 0 {
		clock := now()
		if w.queue.heap[0].at > clock {
			return
		}
		p := w.queue.pop()
		w.r.late.add(clock - p.at)
		if _, err := unix.Write(t.ports[p.path.to].fd, p.buf); err != nil {
			p.path.dropped.Add(1)
		} else {
			p.path.delivered.Add(1)
			p.path.bytes.Add(uint64(len(p.buf)))
		}
		w.free = append(w.free, p.buf[:cap(p.buf)])
	}
}

func (w *worker) buffer() []byte {
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		return b
	}
	return make([]byte, largest)
}

// now is the monotonic clock, ns.
func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0 // never on Linux
	}
	return ts.Nano()
}

// queue is a binary heap of packets by due time, in order of arrival among
// equal ones.
type queue struct {
	heap []packet
	seq  uint64
}

func (q *queue) before(i, j int) bool {
	a, b := &q.heap[i], &q.heap[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *queue) push(p packet) {
	q.seq++
	p.seq = q.seq
	q.heap = append(q.heap, p)
	for i := len(q.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.before(i, up) {
			break
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *queue) pop() packet {
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = packet{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for _, c := range [2]int{2*i + 1, 2*i + 2} {
			if c < last && q.before(c, least) {
				least = c
			}
		}
		if least == i {
			return top
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}
