package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// answerTimeout bounds an answer; the longest is that of a drain.
const answerTimeout = 2 * time.Minute

// Handler answers the control requests of a node:
//
//	PUT  /v1/config  a nodeconf.Config; answers the status after it
//	GET  /v1/status  a nodeconf.Status
//	POST /v1/drain   takes the node out of service; answers when done
//	GET  /metrics    for Prometheus
//	GET  /debug/pprof/  profiles of the process
//
// An error is answered as {"error": "..."}, with a line for each mistake of a
// configuration.
func (n *Node) Handler() http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector{n}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /v1/config", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, LargestConfig))
		if err != nil {
			refuse(w, http.StatusRequestEntityTooLarge, err)
			return
		}
		c, err := Decode(body)
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		if err := n.Set(r.Context(), c); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
		answer(w, n.Status())
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { answer(w, n.Status()) })
	mux.HandleFunc("POST /v1/drain", func(w http.ResponseWriter, r *http.Request) {
		if err := n.Drain(r.Context()); err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		answer(w, n.Status())
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	return mux
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct { // the client may have gone
		Error string `json:"error"`
	}{err.Error()})
}

// Listen makes the control socket, which only its owner can use. A socket that
// nobody answers on is replaced.
func Listen(path string) (net.Listener, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("control socket %s: another node answers there", path)
	}
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("control socket %s: a file that is no socket is in the way", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("control socket: %w", err)
		}
	}
	before := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(before)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, nil
}

// Serve answers on a listener until ctx is done; what is being answered then
// has a second to end.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: n.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: answerTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(end) != nil {
			_ = server.Close() // whoever is still asking is cut off
		}
	}()
	err := server.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	<-done
	return nil
}
