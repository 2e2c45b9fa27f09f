package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Client speaks to a lab's supervisor.
type Client struct {
	dir  Dir
	http *http.Client
}

// Connect makes a client of the lab in a folder; whether that runs shows when
// it is asked.
func Connect(d Dir) *Client {
	return &Client{dir: d, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: 5 * time.Second}
			return dialer.DialContext(ctx, "unix", d.Control())
		},
	}}}
}

// explain says that no lab runs where the socket does not answer.
func (c *Client) explain(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: %w: tieline lab up starts one", c.dir.Name(), ErrNoLab)
	}
	return fmt.Errorf("lab %s: %w", c.dir.Name(), err)
}

// do asks, and gives the body of the answer.
func (c *Client) do(ctx context.Context, method, path string, ask any) (io.ReadCloser, error) {
	var body io.Reader
	if ask != nil {
		b, err := json.Marshal(ask)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, c.explain(err)
	}
	var p problem
	if json.Unmarshal(b, &p) == nil && p.Error != "" {
		return nil, errors.New(p.Error)
	}
	return nil, fmt.Errorf("lab %s: %s: %s", c.dir.Name(), resp.Status, bytes.TrimSpace(b))
}

// call asks and decodes one answer.
func call[T any](ctx context.Context, c *Client, method, path string, ask any) (T, error) {
	var v T
	body, err := c.do(ctx, method, path, ask)
	if err != nil {
		return v, err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(&v); err != nil {
		return v, c.explain(err)
	}
	return v, nil
}

// follow asks and hands on each line of the answer.
func follow[T any](ctx context.Context, c *Client, method, path string, ask any, each func(T) error) error {
	body, err := c.do(ctx, method, path, ask)
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var p problem
		if json.Unmarshal(lines.Bytes(), &p) == nil && p.Error != "" && bytes.HasPrefix(lines.Bytes(), []byte(`{"error":`)) {
			return errors.New(p.Error)
		}
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return c.explain(err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return c.explain(err)
	}
	return nil
}

// Ping asks whether the supervisor answers.
func (c *Client) Ping(ctx context.Context) error {
	v, err := call[int](ctx, c, http.MethodGet, "/v1/ping", nil)
	if err == nil && v != APIVersion {
		return fmt.Errorf("lab %s was started by another version of tieline: tieline lab down %s, then up", c.dir.Name(), c.dir.Name())
	}
	return err
}

// Progress follows the bringing up until it is done or has failed. When ctx
// ends before, or this process does, the lab ends.
func (c *Client) Progress(ctx context.Context, each func(Progress) error) error {
	var last Progress
	err := follow(ctx, c, http.MethodGet, "/v1/progress?hold", nil, func(p Progress) error {
		last = p
		return each(p)
	})
	switch {
	case err != nil:
		return err
	case last.Error != "":
		return errors.New(last.Error)
	case !last.Final:
		return fmt.Errorf("lab %s ended while it came up: see %s", c.dir.Name(), c.dir.Logs())
	}
	return nil
}

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "/v1/status", nil)
}

// Fault puts a fault in force.
func (c *Client) Fault(ctx context.Context, q FaultRequest) (Fault, error) {
	return call[Fault](ctx, c, http.MethodPost, "/v1/faults", q)
}

// Heal ends the faults between two ends, or of a part, or all.
func (c *Client) Heal(ctx context.Context, a, b, part string) ([]Fault, error) {
	return call[[]Fault](ctx, c, http.MethodPost, "/v1/heal", FaultRequest{A: a, B: b, Part: part})
}
