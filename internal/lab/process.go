package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
)

// process is a node's process.
type process struct {
	node   *nodes.Node
	binary string
	ns     *netns.NS
	logs   string
	http   *http.Client

	mu      sync.Mutex
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd has ended
	held    bool          // by a fault: not started again until it heals
	crashes int
	why     string // how it last ended by itself
}

func newProcess(n *nodes.Node, binary string, ns *netns.NS, logs string) *process {
	p := &process{node: n, binary: binary, ns: ns, logs: logs}
	p.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", p.path("control.sock"))
		},
		MaxIdleConns: 2,
	}, Timeout: 10 * time.Second}
	return p
}

// path is a file of the node in the lab's own /run.
func (p *process) path(name string) string {
	return filepath.Join(nodesDir, netns.FileName(p.node.Name), name)
}

// log is the file of what the node says.
func (p *process) log() string { return filepath.Join(p.logs, netns.FileName(p.node.Name)+".log") }

// prepare writes the node's configuration and secrets, into memory that only
// the lab sees.
func (p *process) prepare(secrets map[string][]byte) error {
	if err := os.MkdirAll(p.path("secrets"), 0o700); err != nil {
		return err
	}
	if err := os.Remove(p.log()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // of the lab before
	}
	b, err := json.MarshalIndent(&p.node.Config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.path("config.json"), b, 0o600); err != nil {
		return err
	}
	for _, t := range p.node.Config.Tunnels {
		name := ""
		switch t.Kind {
		case nodeconf.IPsec:
			name = t.IPsec.PSK
		case nodeconf.WireGuard:
			name = t.WireGuard.PrivateKey
		}
		if err := os.WriteFile(p.path(filepath.Join("secrets", name)), secrets[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// start starts the process, which is held no longer. It is started again when
// it ends by itself.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	return p.launch()
}

// launch starts the process unless it runs. The caller holds the lock.
func (p *process) launch() error {
	if p.cmd != nil {
		return nil
	}
	os.Remove(p.path("control.sock"))
	// A full disk keeps no node from running: what it says is lost then.
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		defer log.Close()
	}
	cmd := exec.Command(p.binary, "-config", p.path("config.json"), "-control", p.path("control.sock"), "-secrets", p.path("secrets"))
	if cmd.Dir = "/"; log != nil {
		cmd.Stdout, cmd.Stderr = log, log
	}
	if err := p.ns.Start(cmd); err != nil {
		return fmt.Errorf("node %s: %w", p.node.Name, err)
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	go p.wait(cmd, p.ended)
	return nil
}

// restartAfter is how long after a crash a node is started again.
const restartAfter = time.Second

func (p *process) wait(cmd *exec.Cmd, ended chan struct{}) {
	err := cmd.Wait()
	p.mu.Lock()
	p.cmd = nil
	held := p.held
	if !held && err != nil {
		p.crashes++
		p.why = err.Error()
	}
	p.mu.Unlock()
	close(ended)
	switch {
	case held:
	case err == nil: // told to end, drained: a planned restart
		p.again()
	default:
		time.AfterFunc(restartAfter, p.again)
	}
}

// failed tells why the node ended by itself, with the last it said; nil when it
// has not.
func (p *process) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.crashes == 0 {
		return nil
	}
	return fmt.Errorf("node %s ended (%s): %s", p.node.Name, p.why, lastLines(p.log(), 3))
}

// again starts a node that has ended by itself, until it starts, unless a fault
// has taken it since.
func (p *process) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held {
		return
	}
	if err := p.launch(); err != nil {
		p.why = err.Error()
		time.AfterFunc(restartAfter, p.again)
	}
}

// stop ends the process by a signal, and keeps it down until start.
func (p *process) stop(ctx context.Context, sig os.Signal) error {
	p.mu.Lock()
	p.held = true
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("node %s: %w", p.node.Name, err)
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("node %s does not end: %w", p.node.Name, ctx.Err())
	}
}

// status asks the node.
func (p *process) status(ctx context.Context) (*nodeconf.Status, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://node/v1/status", nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("node %s does not answer: %w", p.node.Name, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", p.node.Name, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("node %s: %s: %s", p.node.Name, resp.Status, bytes.TrimSpace(b))
	}
	var s nodeconf.Status
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("node %s: %w", p.node.Name, err)
	}
	if s.Version != nodeconf.Version {
		return nil, fmt.Errorf("node %s speaks version %d of its configuration, this program %d", p.node.Name, s.Version, nodeconf.Version)
	}
	return &s, nil
}
