package lab

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLost: a lab whose relay has ended says so, and refuses what needs it.
func TestLost(t *testing.T) {
	l := &Lab{in: Input{Dir: Dir(t.TempDir() + "/triangle")}, log: newJournal(), running: true}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	l.lose(errors.New("the emulated internet ended: epoll: bad file descriptor"))
	l.lose(errors.New("another"))
	const want = "the emulated internet ended: epoll: bad file descriptor: the lab no longer runs the network; tieline lab down triangle ends it"
	if err := l.lost(); err == nil || err.Error() != want {
		t.Errorf("lost() = %v, want %q", err, want)
	}
	h := l.handler(cancel)
	for _, path := range []string{"/v1/faults", "/v1/heal", "/v1/verify", "/v1/drill"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader("{}")))
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Error != want {
			t.Errorf("POST %s = %d %s (%v), want the error %q", path, w.Code, w.Body, err, want)
		}
	}
	l.running = false // no node to ask here
	if got := l.Status(ctx).Broken; got != want {
		t.Errorf("Status().Broken = %q, want %q", got, want)
	}
}
