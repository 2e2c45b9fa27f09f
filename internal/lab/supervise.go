package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/relay"
	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/render/nodes"
)

// Input is what a supervisor runs.
type Input struct {
	Dir     Dir
	Network *fabric.Network
	Atlas   *atlas.Atlas
	Lock    string // hash of the lock
	Spec    string // path of the spec
	Options Options
	Node    string // path of tieline-node
}

// Lab is a network that runs. Its parts do not change once it is up; what they
// do, does.
type Lab struct {
	in       Input
	plan     *nodes.Plan
	relay    *relay.Relay
	spaces   map[string]*netns.NS // by name of node, machine or underlay
	nodes    map[string]*process
	machines map[string]*machine
	secrets  map[string][]byte
	begun    time.Time
	log      *journal
	faults   faults
	trial    sync.Mutex // held by the comparison or drill that runs

	mu      sync.Mutex
	running bool      // all its parts are there, and do not change from here
	up      time.Time // when routes and policy worked; zero before
	broken  error     // what it cannot do without has ended; nil while all is there
}

// Supervise brings a network up, answers on the sockets of the lab's folder,
// and returns when it is told to end or ctx is done. What it made ends with
// its process.
func Supervise(ctx context.Context, in Input) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &Lab{
		in: in, spaces: map[string]*netns.NS{}, nodes: map[string]*process{}, machines: map[string]*machine{}, secrets: map[string][]byte{},
		begun: time.Now(), log: newJournal(),
	}
	listener, err := listen(in.Dir.Control())
	if err != nil {
		return err
	}
	commands, err := listen(in.Dir.Exec())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: l.handler(cancel), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go server.Serve(listener) // ends when the server closes
	go l.serveCommands(ctx, commands)
	go l.endWith(ctx, cancel)
	brought := make(chan struct{})
	go func() {
		defer close(brought)
		if err := l.bringUp(ctx); err != nil {
			l.log.fail(err)
			return
		}
		l.mu.Lock()
		l.up = time.Now()
		l.mu.Unlock()
		go l.follow(ctx)
		l.log.done(fmt.Sprintf("up after %.1f s", time.Since(l.begun).Seconds()))
	}()
	<-ctx.Done()
	// What comes up stops between two steps; what does not ends with this
	// process, whose end ends everything.
	select {
	case <-brought:
		l.halt()
	case <-time.After(bringUpEnds):
	}
	// Whoever asked for the end gets an answer before the sockets go.
	quiet, stop := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer stop()
	errs := []error{server.Shutdown(quiet), commands.Close()}
	if err := context.Cause(ctx); !errors.Is(err, errDown) && !errors.Is(err, context.Canceled) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// lose marks the lab as one that no longer runs the network. It stays, so that
// one can look into it, until it is told to end.
func (l *Lab) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = fmt.Errorf("%w: the lab no longer runs the network; tieline lab down %s ends it", err, l.in.Dir.Name())
	}
}

// lost is why the lab no longer runs the network, nil while it does.
func (l *Lab) lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// bringUpEnds is how long bringing up may take to notice that it shall not go
// on.
const bringUpEnds = 5 * time.Second

// endWith ends the lab when its folder is taken away: nobody could find it any
// more.
func (l *Lab) endWith(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := os.Lstat(l.in.Dir.Control()); errors.Is(err, os.ErrNotExist) {
			cancel(errDown)
			return
		}
	}
}

// errDown is that a client asked the lab to end.
var errDown = errors.New("told to end")

// listen makes a socket that only its owner may use.
func listen(path string) (*net.UnixListener, error) {
	old := unix.Umask(0o177)
	defer unix.Umask(old)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
}

// halt ends the nodes at once; the relay ends after them, so that what they
// say last can travel.
func (l *Lab) halt() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, p := range l.nodes {
		all.Go(func() { p.stop(ctx, unix.SIGKILL) })
	}
	all.Wait()
	if l.relay != nil {
		l.relay.Close()
	}
}
