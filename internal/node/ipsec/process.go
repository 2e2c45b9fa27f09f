package ipsec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/strongswan/govici/vici"

	"github.com/tieline/tieline/internal/node/netns"
)

// Time-outs of what is done with charon.
const (
	startTimeout = 10 * time.Second // from the start of the process to an answer
	callTimeout  = 5 * time.Second  // one command
	stopTimeout  = 2 * time.Second  // it says goodbye to its peers
)

// program is the daemon. It is not asked for its version: any argument starts
// it.
const program = "charon-systemd"

// sbin are folders that may not be in the PATH of everybody.
var sbin = []string{"/usr/sbin", "/usr/local/sbin"}

// ErrMissing is that strongSwan, or a part of it, is not installed.
var ErrMissing = errors.New("strongSwan is not installed: on Debian and Ubuntu, apt install charon-systemd libcharon-extra-plugins strongswan-swanctl libstrongswan-extra-plugins")

// settings is strongswan.conf (man strongswan.conf). The list of plugins is
// explicit: it leaves out those that open sockets at fixed places in /run, and
// the one for DHCP. 16 threads, since userspace ESP keeps 9 busy for ever, and
// with 8 the daemon starts and never answers. The rule to its routing table
// comes after the main table's: it puts a default route there that would
// swallow its own packets. An unanswered request is sent 5 times more, the
// first after 0.5 s (a peer that starts a moment later costs no more), and
// given up after 6.4 s.
func settings(mode Mode, socket string) string {
	plugins := "random nonce openssl hmac kdf vici kernel-netlink socket-default"
	if mode == Userspace {
		plugins = "random nonce openssl hmac kdf vici kernel-libipsec kernel-netlink socket-default"
	}
	return fmt.Sprintf(`charon-systemd {
  load = %s
  threads = 16
  install_routes = no
  install_virtual_ip = no
  routing_table = 220
  routing_table_prio = 40000
  retransmit_timeout = 0.5
  retransmit_base = 1.3
  retransmit_tries = 5
  plugins {
    vici {
      socket = unix://%s
    }
  }
  journal {
    default = -1
  }
  filelog {
    stderr {
      default = 1
      ike_name = yes
      flush_line = yes
      enc = 0
      net = 1
      knl = 0
      job = 0
    }
  }
}
`, plugins, socket)
}

// listEvent is the event by which the command list-sas answers, one for each
// IKE SA. It is subscribed to for good, and read from the channel of events
// once the command is through: the library's own streaming call (v0.8.0) takes
// answers and events from two channels in any order, and loses some.
const listEvent = "list-sa"

// eventsHeld is how many events wait; more are dropped by the library.
const eventsHeld = 4096

// process is a running charon.
type process struct {
	cmd     *exec.Cmd
	session *vici.Session
	events  chan vici.Event
	done    chan struct{} // closed when it has ended
	ended   error         // why, then
}

// spawner starts processes from one thread that lives as long as it does: the
// kernel kills them with the thread that started them (PR_SET_PDEATHSIG(2)),
// so that nothing outlives this process, however it ends.
type spawner struct {
	work chan func()
	done chan struct{}
}

func newSpawner() *spawner {
	s := &spawner{work: make(chan func()), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) start(namespace string, cmd *exec.Cmd) error {
	result := make(chan error, 1)
	s.work <- func() { result <- netns.Locked(namespace, cmd.Start) }
	return <-result
}

func (s *spawner) close() {
	close(s.work)
	<-s.done
}

// startProcess starts charon in a namespace, with its files in dir, and waits
// until it answers. onLine gets each line that it logs.
func startProcess(ctx context.Context, s *spawner, namespace, dir string, mode Mode, onLine func(string)) (*process, error) {
	path, err := find(sbin...)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "vici")
	if len(socket) > 107 { // sun_path, unix(7)
		return nil, fmt.Errorf("the path of the socket %s has over 107 bytes: give a shorter state folder", socket)
	}
	conf := filepath.Join(dir, "strongswan.conf")
	if err := os.WriteFile(conf, []byte(settings(mode, socket)), 0o600); err != nil {
		return nil, err
	}
	tail := &tail{onLine: onLine}
	cmd := exec.Command(path)
	cmd.Env = []string{"STRONGSWAN_CONF=" + conf, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stderr = tail
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.start(namespace, cmd); err != nil {
		return nil, fmt.Errorf("charon: %w", err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.ended = cmd.Wait()
		close(p.done)
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.connect(ctx, socket); err != nil {
		p.kill()
		return nil, fmt.Errorf("charon does not start: %w%s", err, tail.last())
	}
	return p, nil
}

// find looks for the program, in PATH and in more folders.
func find(more ...string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range more {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("charon: %w", err)
		}
	}
	return "", ErrMissing
}

// connect waits for the socket, and for an answer by it.
func (p *process) connect(ctx context.Context, socket string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		session, err := dialVici(ctx, socket)
		if err == nil {
			p.session = session
			break
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended (%w)", orEnded(p.ended))
		case <-ctx.Done():
			return errors.New("no answer in time")
		case <-tick.C:
		}
	}
	p.events = make(chan vici.Event, eventsHeld)
	p.session.NotifyEvents(p.events)
	if _, err := p.call("version", nil); err != nil {
		return err
	}
	return p.subscribe("ike-updown", "child-updown", "ike-rekey", "child-rekey", listEvent)
}

func dialVici(ctx context.Context, socket string) (*vici.Session, error) {
	return vici.NewSession(vici.WithDialContext(func(context.Context, string, string) (net.Conn, error) {
		d := net.Dialer{Timeout: callTimeout}
		return d.DialContext(ctx, "unix", socket)
	}))
}

func orEnded(err error) error {
	if err == nil {
		return errors.New("by itself")
	}
	return err
}

// call runs one command.
func (p *process) call(command string, in *vici.Message) (*vici.Message, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	out, err := p.session.Call(ctx, command, in)
	if err != nil {
		return nil, fmt.Errorf("charon: %s: %w", command, err)
	}
	return out, nil
}

// subscribe has no context in the library: the connection is closed when no
// answer comes. It is for a daemon without connections: the library holds a
// lock meanwhile that the reader of an event would wait for.
func (p *process) subscribe(events ...string) error {
	late := time.AfterFunc(callTimeout, func() { p.session.Close() })
	defer late.Stop()
	if err := p.session.Subscribe(events...); err != nil {
		return fmt.Errorf("charon: events: %w", err)
	}
	return nil
}

// stop lets charon say goodbye to its peers.
func (p *process) stop() {
	late := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended
	<-p.done
	p.session.Close()
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails when it has ended
	<-p.done
	if p.session != nil {
		p.session.Close()
	}
}

// tail splits what a process writes into lines, and keeps the last few.
type tail struct {
	onLine func(string)

	mu    sync.Mutex
	part  []byte
	lines []string
}

const tailLines = 8

// Write takes a piece of output.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, b...)
	for {
		i := bytes.IndexByte(t.part, '\n')
		if i < 0 {
			return len(b), nil
		}
		line := string(t.part[:i])
		t.part = t.part[i+1:]
		t.lines = append(t.lines, line)
		if len(t.lines) > tailLines {
			t.lines = t.lines[1:]
		}
		t.onLine(line)
	}
}

// last gives the last lines, each on a line of its own.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == 0 {
		return ""
	}
	return "; its last words:\n  " + strings.Join(t.lines, "\n  ")
}
