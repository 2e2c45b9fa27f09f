package lab

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exchange gives the two ends of a socket as commands come by it.
func exchange(t *testing.T) (client, server *net.UnixConn) {
	t.Helper()
	at := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"}
	l, err := net.ListenUnix("unix", at)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.DialUnix("unix", nil, at); err != nil {
		t.Fatal(err)
	}
	if server, err = l.AcceptUnix(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	if err := client.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// TestLongRequest: a request arrives whole that is longer than what one write
// to a socket carries.
func TestLongRequest(t *testing.T) {
	client, server := exchange(t)
	want := ExecRequest{Machine: "m", Args: []string{"true"}, Env: []string{"A=" + strings.Repeat("x", 600<<10)}}
	sent := make(chan error, 1)
	go func() { sent <- send(client, &want, os.Stdin, os.Stdout, os.Stderr) }()
	got, files, err := receive(server)
	for _, f := range files {
		_ = f.Close()
	}
	if err != nil || len(files) != 3 {
		t.Fatalf("receive = %d files, %v, want 3 files", len(files), err)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("request (-sent +received):\n%.300s", diff)
	}
}

func TestTooLongRequest(t *testing.T) {
	client, _ := exchange(t)
	err := send(client, &ExecRequest{Env: []string{strings.Repeat("x", largestRequest)}}, os.Stdin, os.Stdout, os.Stderr)
	if err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("send(of %d bytes) = %v, want that they are too many", largestRequest, err)
	}
}

// TestCommandBeforeUp: while the parts of a lab are being made, none is looked
// at.
func TestCommandBeforeUp(t *testing.T) {
	client, server := exchange(t)
	go func() {
		_ = send(client, &ExecRequest{Machine: "m", Args: []string{"true"}}, os.Stdin, os.Stdout, os.Stderr)
	}()
	l := &Lab{}
	if _, err := l.command(t.Context(), server); err != errNotUp {
		t.Errorf("command before the lab is up = %v, want %v", err, errNotUp)
	}
}
