package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/node/netns"
)

// ExecRequest asks to run a command inside a machine or node, with the
// client's own standard input, output and error, which come along as file
// descriptors.
type ExecRequest struct {
	Machine string   `json:"machine"`
	Args    []string `json:"args"`
	Env     []string `json:"env"`
	// Terminal: standard input is a terminal of its own, which becomes the
	// command's controlling one.
	Terminal bool `json:"terminal,omitempty"`
}

// ExecResult is how the command ended.
type ExecResult struct {
	Code  int    `json:"code"`
	Error string `json:"error,omitempty"` // it could not be started
}

// largestRequest bounds what a client sends.
const largestRequest = 1 << 20

// serveCommands runs commands for clients until the socket closes.
func (l *Lab) serveCommands(ctx context.Context, s *net.UnixListener) {
	for {
		c, err := s.AcceptUnix()
		if err != nil {
			return // closed
		}
		go func() {
			defer c.Close()
			r := ExecResult{}
			if code, err := l.command(ctx, c); err != nil {
				r.Error = err.Error()
			} else {
				r.Code = code
			}
			json.NewEncoder(c).Encode(r) // the client may have gone
		}()
	}
}

// NodePrefix tells a node from a machine of its name, where commands run.
const NodePrefix = "node:"

// inside finds the namespace of a machine, else of a node, else of the outside
// of a tunnel's end.
func (l *Lab) inside(ref string) (*netns.NS, error) {
	m, err := l.machineOf(ref)
	if err == nil {
		return m.ns, nil
	}
	if ns := l.spaces[nodeSpace(strings.TrimPrefix(ref, NodePrefix))]; ns != nil {
		return ns, nil
	}
	if ns := l.spaces[ref]; ns != nil {
		return ns, nil
	}
	return nil, err
}

// command runs one command; it is killed when the client goes.
func (l *Lab) command(ctx context.Context, c *net.UnixConn) (int, error) {
	req, files, err := receive(c)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	running := l.running
	l.mu.Unlock()
	if !running { // its parts are still being made
		return 0, errNotUp
	}
	ns, err := l.inside(req.Machine)
	if err != nil {
		return 0, err
	}
	if len(req.Args) == 0 {
		return 0, errors.New("no command")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, req.Args[0], req.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.Env, cmd.Dir = req.Env, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: req.Terminal}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	if err := ns.Start(cmd); err != nil {
		return 0, err
	}
	go func() {
		io.Copy(io.Discard, c) // ends when the client goes
		cancel()
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
			return 128 + int(st.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

// requestWithin bounds how long a client takes to ask.
const requestWithin = 10 * time.Second

// send asks. The file descriptors come with a byte of their own: a longer piece
// that they came with might arrive in parts.
func send(c *net.UnixConn, req *ExecRequest, files ...*os.File) error {
	b, err := json.Marshal(req)
	if err != nil {
		return err
	}
	if len(b) > largestRequest {
		return fmt.Errorf("the command and its environment are %d bytes, more than %d", len(b), largestRequest)
	}
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	if _, _, err := c.WriteMsgUnix([]byte{0}, unix.UnixRights(fds...), nil); err != nil {
		return err
	}
	_, err = c.Write(b)
	return err
}

// receive reads a request with three file descriptors, which are the caller's
// to close in any case.
func receive(c *net.UnixConn) (*ExecRequest, []*os.File, error) {
	if err := c.SetReadDeadline(time.Now().Add(requestWithin)); err != nil {
		return nil, nil, err
	}
	b, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(3*4))
	_, m, _, _, err := c.ReadMsgUnix(b, oob)
	if err != nil {
		return nil, nil, err
	}
	var files []*os.File
	msgs, err := unix.ParseSocketControlMessage(oob[:m])
	if err != nil {
		return nil, nil, err
	}
	for _, msg := range msgs {
		fds, err := unix.ParseUnixRights(&msg)
		if err != nil {
			return nil, files, err
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "client"))
		}
	}
	if len(files) != 3 {
		return nil, files, fmt.Errorf("%d file descriptors came with the request, not 3", len(files))
	}
	var req ExecRequest
	if err := json.NewDecoder(io.LimitReader(c, largestRequest)).Decode(&req); err != nil {
		return nil, files, fmt.Errorf("request: %w", err)
	}
	return &req, files, c.SetReadDeadline(time.Time{})
}

// Exec runs a command inside a machine, with the given files, and gives its
// exit code.
func (c *Client) Exec(ctx context.Context, req ExecRequest, stdin, stdout, stderr *os.File) (int, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: c.dir.Exec(), Net: "unix"})
	if err != nil {
		return 0, c.explain(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := send(conn, &req, stdin, stdout, stderr); err != nil {
		return 0, c.explain(err)
	}
	var r ExecResult
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return 0, errors.Join(ctx.Err(), fmt.Errorf("lab %s went while the command ran: %w", c.dir.Name(), err))
	}
	if r.Error != "" {
		return 0, errors.New(r.Error)
	}
	return r.Code, nil
}
