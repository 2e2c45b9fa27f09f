// Package relay is the lab's internet: it carries IP packets between TUN
// devices with the delay, jitter, loss and rate of each path.
//
// One thread does all of it, at real-time priority where the machine allows:
// it waits for packets and for the next that is due, so that delays hold
// within a fraction of a millisecond on a busy machine. How late it is, it
// measures itself ([Relay.Lateness]); a run whose p99 is over 2 ms says
// nothing about time.
//
// Ports are file descriptors that give and take one packet a call: TUN devices
// without packet information, or datagram sockets in tests. A packet goes
// where the wire of its port leads, else where the path for its source and
// destination address does; what has neither is dropped and counted. Packets
// of one path keep their order for as long as its line stays the same. Loss and jitter come from generators seeded by
// the seed of the relay and the path's name, so that a run can be repeated.
package relay

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Line is what a path does to packets.
type Line struct {
	Delay  time.Duration // one way
	Jitter time.Duration // standard deviation, normal; never before the delay
	Loss   float64       // 0 to 1, of each packet by itself
	Rate   int64         // bits a second; 0 is not bound
	Queue  int           // bytes that wait for the rate; 0 is 50 ms of it, and no less than 64 KiB
	Cut    bool          // nothing passes
}

// Path is one direction between two ports.
type Path struct {
	Name     string // of the path: seeds its generators, names its counts
	From, To Port
	// Src and Dst select packets by their addresses; both invalid selects
	// every packet of the port (a wire).
	Src, Dst netip.Addr
	Line     Line
}

// Port is the number of a port.
type Port int

// Counts are the packets of a path so far.
type Counts struct {
	Name      string `json:"name"`
	Sent      uint64 `json:"sent"` // that came in
	Delivered uint64 `json:"delivered"`
	Bytes     uint64 `json:"bytes"`   // delivered
	Lost      uint64 `json:"lost"`    // by chance
	Dropped   uint64 `json:"dropped"` // queue full, or not taken at the far end
	Cut       uint64 `json:"cut"`     // while cut
}

// Relay carries packets. Make it with [New], add ports and paths at any time,
// and run it with [Relay.Run].
type Relay struct {
	seed   uint64
	epoll  int
	timer  int
	wake   int
	closed atomic.Bool
	table  atomic.Pointer[table]
	late   histogram
	stray  atomic.Uint64
	rt     atomic.Bool

	mu    sync.Mutex // serialises changes of the table
	paths map[string]*path
}

// table is what the thread reads: replaced as a whole by changes.
type table struct {
	ports []port
}

type port struct {
	fd    int
	wire  *path
	paths map[pair]*path
}

type pair struct{ src, dst [4]byte }

// New makes a relay whose chances follow from seed.
func New(seed uint64) (*Relay, error) {
	r := &Relay{seed: seed, epoll: -1, timer: -1, wake: -1, paths: map[string]*path{}}
	r.table.Store(&table{})
	var err error
	if r.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if r.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, errors.Join(fmt.Errorf("timerfd: %w", err), r.Close())
	}
	if r.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, errors.Join(fmt.Errorf("eventfd: %w", err), r.Close())
	}
	for i, fd := range []int{r.timer, r.wake} {
		if err := r.watch(fd, int32(-1-i)); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

func (r *Relay) watch(fd int, tag int32) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: tag}
	if err := unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// AddPort takes a file descriptor, which the relay closes in the end, and
// gives its port.
func (r *Relay) AddPort(fd int) (Port, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return 0, fmt.Errorf("port: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.table.Load().clone()
	t.ports = append(t.ports, port{fd: fd, paths: map[pair]*path{}})
	r.table.Store(t)
	p := Port(len(t.ports) - 1)
	return p, r.watch(fd, int32(p))
}

// SetPath adds a path, or changes the line of the one with its name.
func (r *Relay) SetPath(p Path) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.table.Load()
	if int(p.From) >= len(t.ports) || int(p.To) >= len(t.ports) || p.From < 0 || p.To < 0 {
		return fmt.Errorf("path %s: no port %d or %d", p.Name, p.From, p.To)
	}
	if old := r.paths[p.Name]; old != nil {
		if line := p.Line; line != *old.line.Load() {
			old.line.Store(&line)
		}
		return nil
	}
	q := newPath(p, r.seed)
	t = t.clone()
	if !p.Src.IsValid() && !p.Dst.IsValid() {
		t.ports[p.From].wire = q
	} else {
		if !p.Src.Is4() || !p.Dst.Is4() {
			return fmt.Errorf("path %s: %v to %v: want two IPv4 addresses", p.Name, p.Src, p.Dst)
		}
		t.ports[p.From].paths[pair{p.Src.As4(), p.Dst.As4()}] = q
	}
	r.paths[p.Name] = q
	r.table.Store(t)
	return nil
}

// Line gives the line of a path now.
func (r *Relay) Line(name string) (Line, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.paths[name]
	if !ok {
		return Line{}, false
	}
	return *p.line.Load(), true
}

// Counts gives what a path has carried.
func (r *Relay) Counts(name string) (Counts, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.paths[name]
	if !ok {
		return Counts{}, false
	}
	return p.counts(), true
}

// Stray gives how many packets no path took.
func (r *Relay) Stray() uint64 { return r.stray.Load() }

// Lateness gives how late packets left.
func (r *Relay) Lateness() Lateness { return r.late.summary() }

// RealTime reports whether the thread runs at real-time priority.
func (r *Relay) RealTime() bool { return r.rt.Load() }

// Close ends [Relay.Run].
func (r *Relay) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	if r.wake >= 0 {
		_, err := unix.Write(r.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		return err
	}
	return nil
}

// Run carries packets until [Relay.Close]. It locks its thread, and gives it
// real-time priority where that is allowed.
func (r *Relay) Run() error {
	runtime.LockOSThread() // and stays locked: the thread ends with its priority
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 5}
	r.rt.Store(unix.SchedSetAttr(0, &attr, 0) == nil)
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("timer slack: %w", err)
	}
	w := worker{r: r}
	err := w.loop()
	for _, p := range r.table.Load().ports {
		unix.Close(p.fd)
	}
	for _, fd := range []int{r.epoll, r.timer, r.wake} {
		unix.Close(fd)
	}
	return err
}

func (t *table) clone() *table {
	c := &table{ports: make([]port, len(t.ports))}
	for i, p := range t.ports {
		c.ports[i] = port{fd: p.fd, wire: p.wire, paths: make(map[pair]*path, len(p.paths))}
		for k, v := range p.paths {
			c.ports[i].paths[k] = v
		}
	}
	return c
}
