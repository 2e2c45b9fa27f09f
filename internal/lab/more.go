package lab

import (
	"context"
	"errors"
	"net/http"

	"github.com/tieline/tieline/internal/lab/agree"
	"github.com/tieline/tieline/internal/lab/drill"
)

// moreRoutes adds what measures and tries.
func (l *Lab) moreRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/verify", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[VerifyRequest](l, w, r)
		if err != nil {
			return
		}
		stream(w, func(send func(VerifyUpdate) error) error { return l.Verify(r.Context(), q, send) })
	})
	mux.HandleFunc("POST /v1/machines/ping", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[PingRequest](l, w, r)
		if err != nil {
			return
		}
		v, err := l.PingMachines(r.Context(), q)
		answer(w, v, err)
	})
	mux.HandleFunc("POST /v1/machines/iperf", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[IperfRequest](l, w, r)
		if err != nil {
			return
		}
		v, err := l.Iperf(r.Context(), q)
		answer(w, v, err)
	})
	mux.HandleFunc("POST /v1/load", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[LoadRequest](l, w, r)
		if err != nil {
			return
		}
		stream(w, func(send func(LoadUpdate) error) error { return l.Load(r.Context(), q, send) })
	})
	mux.HandleFunc("POST /v1/drill", func(w http.ResponseWriter, r *http.Request) {
		q, err := request[DrillRequest](l, w, r)
		if err != nil {
			return
		}
		stream(w, func(send func(DrillUpdate) error) error { return l.Drill(r.Context(), q, send) })
	})
}

// Verify compares packets and routes with the proof; tell is handed progress
// and rounds as they are done.
func (c *Client) Verify(ctx context.Context, q VerifyRequest, tell func(VerifyUpdate) error) (*agree.Report, error) {
	var report *agree.Report
	err := follow(ctx, c, http.MethodPost, "/v1/verify", q, func(u VerifyUpdate) error {
		if u.Report != nil {
			report = u.Report
			return nil
		}
		return tell(u)
	})
	if err != nil {
		return nil, err
	}
	return report, c.whole(report != nil)
}

// Drill makes each single failure in turn under traffic; tell is handed
// progress and failures as they are done.
func (c *Client) Drill(ctx context.Context, q DrillRequest, tell func(DrillUpdate) error) (*drill.Report, error) {
	var report *drill.Report
	err := follow(ctx, c, http.MethodPost, "/v1/drill", q, func(u DrillUpdate) error {
		if u.Report != nil {
			report = u.Report
			return nil
		}
		return tell(u)
	})
	if err != nil {
		return nil, err
	}
	return report, c.whole(report != nil)
}

// PingMachines measures round trips between two machines.
func (c *Client) PingMachines(ctx context.Context, q PingRequest) (PingResult, error) {
	return call[PingResult](ctx, c, http.MethodPost, "/v1/machines/ping", q)
}

// Iperf measures the throughput between two machines.
func (c *Client) Iperf(ctx context.Context, q IperfRequest) (IperfResult, error) {
	return call[IperfResult](ctx, c, http.MethodPost, "/v1/machines/iperf", q)
}

// Load sends packets on the flows of policy for a while, and gives what became
// of them. flowing is called once all of them are answered.
func (c *Client) Load(ctx context.Context, q LoadRequest, flowing func() error) ([]LoadFlow, error) {
	var flows []LoadFlow
	err := follow(ctx, c, http.MethodPost, "/v1/load", q, func(u LoadUpdate) error {
		flows = u.Flows
		if u.Flowing {
			return flowing()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return flows, c.whole(flows != nil)
}

// whole is the error of an answer that broke off.
func (c *Client) whole(is bool) error {
	if is {
		return nil
	}
	return c.explain(errors.New("the answer broke off"))
}
