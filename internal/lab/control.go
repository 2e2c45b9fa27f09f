package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tieline/tieline/internal/lab/relay"
	"github.com/tieline/tieline/internal/nodeconf"
)

// Status is what runs, at one moment.
type Status struct {
	Version  int       `json:"version"`
	Launched Launched  `json:"lab"`
	Up       time.Time `json:"up,omitzero"` // when all was in place
	// Broken says why the lab no longer runs the network; empty while it does.
	Broken   string          `json:"broken,omitempty"`
	Progress Progress        `json:"progress"`
	Nodes    []NodeStatus    `json:"nodes"`
	Machines []MachineStatus `json:"machines"`
	Links    []LinkStatus    `json:"links"`
	Faults   []Fault         `json:"faults"`
	Relay    RelayStatus     `json:"relay"`
}

// NodeStatus is a node with its process.
type NodeStatus struct {
	Name    string           `json:"name"`
	Sites   []string         `json:"sites"`
	Crashes int              `json:"crashes,omitempty"`
	Why     string           `json:"why,omitempty"` // it does not answer
	State   *nodeconf.Status `json:"state,omitempty"`
}

// MachineStatus is a machine.
type MachineStatus struct {
	Name   string               `json:"name"`
	Host   string               `json:"host"`
	Site   string               `json:"site,omitempty"`
	Addr   string               `json:"addr"`
	Listen []string             `json:"listen"`
	Rules  []nodeconf.RuleCount `json:"rules,omitempty"`
}

// LinkStatus is a link with the ways that make it.
type LinkStatus struct {
	ID   string      `json:"id"`
	Kind string      `json:"kind"`
	RTT  float64     `json:"rtt"` // milliseconds, as configured
	Why  string      `json:"why"` // where that is from
	Ways []WayStatus `json:"ways"`
}

// WayStatus is one tunnel or wire: what it does to packets, and what it has
// carried from A to B and back.
type WayStatus struct {
	Tunnel string          `json:"tunnel,omitempty"`
	Cut    bool            `json:"cut,omitempty"`
	Delay  float64         `json:"delay"` // milliseconds, one way
	Loss   float64         `json:"loss,omitempty"`
	Counts [2]relay.Counts `json:"counts"`
}

// RelayStatus is the state of the emulated internet.
type RelayStatus struct {
	RealTime bool    `json:"real_time"`
	P50      float64 `json:"late_p50"` // milliseconds
	P99      float64 `json:"late_p99"`
	Max      float64 `json:"late_max"`
	Stray    uint64  `json:"stray"`
	// Unreliable: p99 is over 2 ms, so that times say little.
	Unreliable bool `json:"unreliable,omitempty"`
}

// handler answers clients.
func (l *Lab) handler(down context.CancelCauseFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/ping", func(w http.ResponseWriter, _ *http.Request) { answer(w, APIVersion, nil) })
	var held atomic.Bool
	mux.HandleFunc("GET /v1/progress", func(w http.ResponseWriter, r *http.Request) {
		held.Store(held.Load() || r.URL.Query().Has("hold"))
		l.serveProgress(w, r, down)
	})
	time.AfterFunc(heldWithin, func() {
		if !held.Load() && l.ready() != nil {
			down(errLeft)
		}
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) { answer(w, l.Status(r.Context()), nil) })
	mux.HandleFunc("POST /v1/faults", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[FaultRequest](l, w, r)
		if err != nil {
			return
		}
		f, err := l.Fault(r.Context(), q)
		answer(w, f, err)
	})
	mux.HandleFunc("POST /v1/heal", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[FaultRequest](l, w, r)
		if err != nil {
			return
		}
		healed, err := l.Heal(q.A, q.B, q.Part)
		answer(w, healed, err)
	})
	mux.HandleFunc("POST /v1/down", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, true, nil)
		down(errDown)
	})
	l.lookRoutes(mux)
	l.moreRoutes(mux)
	return mux
}

// problem is an error in an answer.
type problem struct {
	Error string `json:"error"`
}

// answer writes a value, or what went wrong.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		v = problem{err.Error()}
	}
	json.NewEncoder(w).Encode(v) // the client may have gone
}

// errAnswered is that the client has been told.
var errAnswered = errors.New("answered")

// request reads what a client asks; a lab that is not up refuses.
func request[T any](l *Lab, w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	l.mu.Lock()
	running := l.running
	l.mu.Unlock()
	if !running {
		answer(w, nil, errors.New("the lab is not up yet"))
		return v, errAnswered
	}
	if err := l.lost(); err != nil {
		answer(w, nil, err)
		return v, errAnswered
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestRequest)).Decode(&v); err != nil {
		answer(w, nil, fmt.Errorf("request: %w", err))
		return v, errAnswered
	}
	return v, nil
}

// stream sends values as lines of JSON as they come.
func stream[T any](w http.ResponseWriter, run func(send func(T) error) error) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc, flush := json.NewEncoder(w), http.NewResponseController(w)
	send := func(v T) error {
		if err := enc.Encode(v); err != nil {
			return err
		}
		return flush.Flush()
	}
	if err := run(send); err != nil {
		enc.Encode(problem{err.Error()}) // the client may have gone
	}
}

// serveProgress tells how the bringing up goes on. With hold, the lab ends when
// the client goes before it is up: whoever brings it up has been stopped.
func (l *Lab) serveProgress(w http.ResponseWriter, r *http.Request, down context.CancelCauseFunc) {
	stream(w, func(send func(Progress) error) error {
		err := l.log.follow(r.Context(), send)
		if err != nil && r.URL.Query().Has("hold") && l.ready() != nil {
			down(errLeft)
		}
		return err
	})
}

// heldWithin is how long whoever brings a lab up may take until it follows.
const heldWithin = 30 * time.Second

// errLeft is that whoever brought the lab up went before it was.
var errLeft = errors.New("who brought the lab up went before it was up")

// Status gives the state of everything.
func (l *Lab) Status(ctx context.Context) Status {
	s := Status{Version: APIVersion, Faults: l.Faults()}
	if d, err := l.in.Dir.Launched(); err == nil {
		s.Launched = *d
	}
	l.mu.Lock()
	s.Up = l.up
	if l.broken != nil {
		s.Broken = l.broken.Error()
	}
	running := l.running
	l.mu.Unlock()
	l.log.mu.Lock()
	s.Progress = l.log.last
	l.log.mu.Unlock()
	if !running {
		return s
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	late := l.relay.Lateness()
	s.Relay = RelayStatus{
		RealTime: l.relay.RealTime(), P50: ms(late.P50), P99: ms(late.P99), Max: ms(late.Max), Stray: l.relay.Stray(), Unreliable: late.Unreliable(),
	}
	states, _ := l.states(ctx) // those that do not answer say so below
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		p := l.nodes[n.Name]
		x := NodeStatus{Name: n.Name, State: states[n.Name]}
		for _, site := range n.Sites {
			x.Sites = append(x.Sites, string(site))
		}
		p.mu.Lock()
		x.Crashes = p.crashes
		if x.State == nil {
			x.Why = "does not answer"
			if p.held {
				x.Why = "killed by a fault"
			} else if p.why != "" {
				x.Why = p.why
			}
		}
		p.mu.Unlock()
		s.Nodes = append(s.Nodes, x)
	}
	for _, name := range l.machineNames() {
		m := l.machines[name]
		x := MachineStatus{Name: m.Name, Host: m.Host, Site: string(m.Site), Addr: m.Addr.String()}
		for _, svc := range m.Open {
			x.Listen = append(x.Listen, svc.String())
		}
		x.Rules, _ = m.filter.Counts() // a machine without filters has none
		s.Machines = append(s.Machines, x)
	}
	s.Links = l.linkStates()
	return s
}

func (l *Lab) linkStates() []LinkStatus {
	var out []LinkStatus
	ways := l.ways()
	for i := range l.in.Network.Links {
		k := &l.in.Network.Links[i]
		x := LinkStatus{ID: string(k.ID), Kind: k.Kind.String(), RTT: k.RTT, Why: k.RTTSource}
		for _, w := range ways {
			if w.link != k.ID {
				continue
			}
			y := WayStatus{}
			if w.tunnel != nil {
				y.Tunnel = string(w.tunnel.ID)
			}
			for j, name := range w.names {
				y.Counts[j], _ = l.relay.Counts(name)
			}
			if line, ok := l.relay.Line(w.names[0]); ok {
				y.Cut, y.Delay, y.Loss = line.Cut, float64(line.Delay)/float64(time.Millisecond), line.Loss
			}
			x.Ways = append(x.Ways, y)
		}
		out = append(out, x)
	}
	return out
}
