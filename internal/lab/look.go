package lab

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lab/knock"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// Names are what a lab's commands can name.
type Names struct {
	Machines []MachineName `json:"machines"`
	Nodes    []string      `json:"nodes"`
	Outsides []string      `json:"outsides"` // of tunnels' ends: aws-oregon--gcp-oregon/0:a
	Links    []LinkName    `json:"links"`
	Parts    []string      `json:"parts"` // that fail as one: gateway gcp-oregon/vpn#0
}

// MachineName is a machine with everything that means it.
type MachineName struct {
	Name    string   `json:"name"`
	Host    string   `json:"host"`
	Aliases []string `json:"aliases,omitempty"`
	Addr    string   `json:"addr"`
}

// LinkName is a link with what it joins.
type LinkName struct {
	ID      string    `json:"id"`
	Sites   [2]string `json:"sites"`
	Tunnels int       `json:"tunnels"`
}

// Trip is the way between two sites: how long a round trip takes by what is
// configured, and by trying.
type Trip struct {
	From       string  `json:"from"` // sites
	To         string  `json:"to"`
	Flow       Flow    `json:"flow"` // by which it is tried
	Configured float64 `json:"configured"`
	Known      bool    `json:"known"`    // Configured is
	Measured   float64 `json:"measured"` // milliseconds, the median of those that were answered
	Sent       int     `json:"sent"`
	Lost       int     `json:"lost"`
	Why        string  `json:"why,omitempty"` // of the last that was lost
}

// looker answers questions about a lab that change nothing in it.
type looker struct {
	l     *Lab
	trips func() []Trip // without what is measured
}

// lookRoutes adds the answers to what people ask while they look on.
func (l *Lab) lookRoutes(mux *http.ServeMux) {
	k := &looker{l: l}
	k.trips = sync.OnceValue(k.planned)
	mux.HandleFunc("GET /v1/names", func(w http.ResponseWriter, _ *http.Request) { answer(w, l.names(), l.ready()) })
	mux.HandleFunc("GET /v1/trips", func(w http.ResponseWriter, r *http.Request) {
		if err := l.ready(); err != nil {
			answer(w, nil, err)
			return
		}
		answer(w, k.measure(r.Context()), nil)
	})
	mux.HandleFunc("POST /v1/capture", l.serveCapture)
}

// ready is an error before the lab is up.
func (l *Lab) ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up.IsZero() {
		return errNotUp
	}
	return nil
}

var errNotUp = errors.New("the lab is not up yet")

func (l *Lab) names() Names {
	n := Names{Machines: []MachineName{}, Nodes: []string{}, Outsides: []string{}, Links: []LinkName{}, Parts: []string{}}
	if l.ready() != nil {
		return n
	}
	for i := range l.plan.Machines {
		m := &l.plan.Machines[i]
		n.Machines = append(n.Machines, MachineName{Name: m.Name, Host: m.Host, Aliases: m.Aliases, Addr: m.Addr.String()})
	}
	for i := range l.plan.Nodes {
		n.Nodes = append(n.Nodes, l.plan.Nodes[i].Name)
	}
	for i := range l.plan.Underlays {
		n.Outsides = append(n.Outsides, l.plan.Underlays[i].Name)
	}
	for i := range l.in.Network.Links {
		k := &l.in.Network.Links[i]
		n.Links = append(n.Links, LinkName{ID: string(k.ID), Sites: [2]string{string(k.Sites[0]), string(k.Sites[1])}, Tunnels: len(k.Tunnels)})
		n.Parts = append(n.Parts, "link "+string(k.ID))
	}
	for i := range l.in.Network.Tunnels {
		t := &l.in.Network.Tunnels[i]
		n.Parts = append(n.Parts, "tunnel "+string(t.ID))
		for _, d := range t.Domains {
			switch d.Kind {
			case fabric.Instance:
				n.Parts = append(n.Parts, routes.Part{Kind: routes.InstancePart, ID: d.ID}.String())
			case fabric.ZoneDomain:
				n.Parts = append(n.Parts, routes.Part{Kind: routes.ZonePart, ID: d.ID}.String())
			case fabric.Facility, fabric.RegionDomain, fabric.Provider:
			}
		}
	}
	for i := range l.in.Network.Sites {
		n.Parts = append(n.Parts, "site "+string(l.in.Network.Sites[i].ID))
	}
	slices.Sort(n.Parts)
	n.Parts = slices.Compact(n.Parts)
	return n
}

// planned lists one flow for each two sites that policy lets speak, by TCP
// where there is one, with the round trip that the proof's way between them
// has.
func (k *looker) planned() []Trip {
	proof := verify.New(k.l.in.Network, k.l.in.Atlas)
	var out []Trip
	for _, f := range k.l.flows() {
		from, to := k.l.machines[f.From], k.l.machines[f.To]
		if from.Site == to.Site || from.Site == "" || to.Site == "" {
			continue
		}
		t := Trip{From: string(from.Site), To: string(to.Site), Flow: f}
		i := slices.IndexFunc(out, func(x Trip) bool { return x.From == t.From && x.To == t.To })
		if i >= 0 && (out[i].Flow.Service.Proto == vocab.TCP || f.Service.Proto != vocab.TCP) {
			continue
		}
		if w := proof.Flow(k.l.endOf(from), k.l.endOf(to), f.Service).Yes; w != nil && w.Return != nil {
			t.Configured, t.Known = (w.Forward.RTT+w.Return.RTT)/2, w.Forward.RTTKnown && w.Return.RTTKnown
		}
		if i >= 0 {
			out[i] = t
			continue
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Trip) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// triesPerTrip is how often each trip is tried; tripsAtOnce how many at a time.
const (
	triesPerTrip = 5
	tripsAtOnce  = 4
)

// measure tries every trip.
func (k *looker) measure(ctx context.Context) []Trip {
	out := slices.Clone(k.trips())
	slots := make(chan struct{}, tripsAtOnce)
	var group sync.WaitGroup
	for i := range out {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			k.trip(ctx, &out[i])
		})
	}
	group.Wait()
	return out
}

func (k *looker) trip(ctx context.Context, t *Trip) {
	from, to := k.l.machines[t.Flow.From], k.l.machines[t.Flow.To]
	var times []time.Duration
	for range triesPerTrip {
		if ctx.Err() != nil {
			break
		}
		t.Sent++
		r, err := knock.Try(ctx, from.ns.Do, to.Addr, t.Flow.Service, tryFor)
		switch {
		case err != nil:
			t.Lost++
			t.Why = err.Error()
		case !r.Outcome.Passed():
			t.Lost++
			t.Why = string(r.Outcome) + ": " + r.Why
			if t.Lost > 1 {
				return // it is down: the rest would only take time
			}
		default:
			times = append(times, r.RTT)
		}
	}
	if len(times) > 0 {
		slices.Sort(times)
		t.Measured = float64(times[len(times)/2]) / float64(time.Millisecond)
	}
}

// Names asks what there is in the lab.
func (c *Client) Names(ctx context.Context) (Names, error) {
	return call[Names](ctx, c, http.MethodGet, "/v1/names", nil)
}

// Trips measures round trips between sites.
func (c *Client) Trips(ctx context.Context) ([]Trip, error) {
	return call[[]Trip](ctx, c, http.MethodGet, "/v1/trips", nil)
}
