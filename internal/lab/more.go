package lab

import (
	"context"
	"errors"
	"net/http"

	"github.com/tieline/tieline/internal/lab/agree"
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

// whole is the error of an answer that broke off.
func (c *Client) whole(is bool) error {
	if is {
		return nil
	}
	return c.explain(errors.New("the answer broke off"))
}
