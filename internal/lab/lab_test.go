package lab_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tieline/tieline/internal/lab"
)

// programs builds tieline and tieline-node once, where every user may run them.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tieline-lab-test")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir, "../../cmd/...").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := programs(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// generous bounds everything that a test waits for: it is for what hangs.
const generous = 2 * time.Minute

// user runs tieline with a folder of labs of its own.
type user struct {
	t     *testing.T
	bin   string
	state string
	cred  *syscall.Credential // nil: as the test
}

func newUser(t *testing.T) *user {
	t.Helper()
	if testing.Short() {
		t.Skip("brings networks up")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(bin, "tieline"), "lab", "preflight").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("this machine cannot run a lab: %s", out)
		}
		t.Skipf("this machine cannot run a lab: %s", out)
	}
	// A short path: sockets have at most 107 bytes.
	state, err := os.MkdirTemp("", "lab")
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, bin: bin, state: state}
	t.Cleanup(func() {
		u.try("lab", "down", "--all")
		os.RemoveAll(state)
	})
	t.Setenv("TIELINE_STATE", state)
	return u
}

// command makes a run of tieline.
func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(u.bin, "tieline"), args...)
	cmd.Env = append(os.Environ(), "TIELINE_STATE="+u.state)
	if u.cred != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: u.cred}
	}
	return cmd
}

// try runs tieline and gives what it printed.
func (u *user) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	out, err := u.command(ctx, args...).CombinedOutput()
	return string(out), err
}

// must runs tieline, which has to succeed.
func (u *user) must(args ...string) string {
	u.t.Helper()
	out, err := u.try(args...)
	if err != nil {
		u.t.Fatalf("tieline %s: %v\n%s%s", strings.Join(args, " "), err, out, u.logs())
	}
	return out
}

// logs gives the ends of the logs of all labs.
func (u *user) logs() string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(u.state, "labs", "*", "log", "*"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(f), strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
	return b.String()
}

// eventually waits until a check holds.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(generous)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// left lists what a lab could leave behind on the machine: processes that were
// started for this user's labs, and devices, rules, named namespaces and filter
// tables of the machine's own network.
func (u *user) left() []string {
	u.t.Helper()
	var out []string
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		u.t.Fatal(err)
	}
	for _, p := range procs {
		env, err := os.ReadFile(p + "/environ")
		if err != nil || p == fmt.Sprintf("/proc/%d", os.Getpid()) || !bytes.Contains(env, []byte("TIELINE_STATE="+u.state)) {
			continue
		}
		cmdline, err := os.ReadFile(p + "/cmdline")
		if err == nil && len(cmdline) > 0 {
			out = append(out, "process "+string(bytes.ReplaceAll(cmdline, []byte{0}, []byte{' '})))
		}
	}
	for _, args := range [][]string{{"ip", "-o", "link"}, {"ip", "rule"}, {"ip", "netns"}, {"nft", "list", "tables"}} {
		b, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			continue // not there, or not allowed to this user: nothing of ours either
		}
		for line := range strings.Lines(string(b)) {
			out = append(out, strings.Join(args, " ")+": "+strings.TrimSpace(line))
		}
	}
	slices.Sort(out)
	return out
}

// same checks that nothing has come.
func same(before, now []string) error {
	for _, s := range now {
		if !slices.Contains(before, s) {
			return fmt.Errorf("left behind: %s", s)
		}
	}
	return nil
}

func TestUpExecCutHealDown(t *testing.T) {
	u := newUser(t)
	before := u.left()
	u.must("lab", "up", "../../examples/triangle", "--fast")
	if out := u.must("lab", "exec", "aws-oregon/app/app", "--", "curl", "-s", "--max-time", "10", "http://10.8.0.4:443"); !strings.HasPrefix(out, "azure-wus2/app/app, to 10.8.0.4:443 from 10.4.0.") {
		t.Errorf("curl answered %q", out)
	}
	if out, err := u.try("lab", "exec", "aws-oregon/app/app", "--", "sh", "-c", "exit 7"); err == nil || !strings.Contains(err.Error(), "7") {
		t.Errorf("exec of exit 7 = %v (%s), want exit status 7", err, out)
	}
	// Every tunnel between AWS and Google cut: traffic goes by Azure or not at
	// all, as the proof says; here the link comes back when it heals.
	u.must("lab", "cut", "aws-oregon", "gcp-oregon")
	established := func() (int, error) {
		st, err := lab.Connect(lab.DirOf("triangle")).Status(t.Context())
		if err != nil {
			return 0, err
		}
		n := 0
		for _, node := range st.Nodes {
			if node.State == nil {
				return 0, fmt.Errorf("node %s: %s", node.Name, node.Why)
			}
			for _, s := range node.State.Sessions {
				if s.State == "established" {
					n++
				}
			}
		}
		return n, nil
	}
	want := func(n int) func() error {
		return func() error {
			got, err := established()
			if err != nil {
				return err
			}
			if got != n {
				return fmt.Errorf("%d sessions are established, want %d", got, n)
			}
			return nil
		}
	}
	eventually(t, "after the cut", want(12))
	u.must("lab", "heal")
	eventually(t, "after healing", want(20))
	u.must("lab", "down")
	eventually(t, "after down", func() error { return same(before, u.left()) })
}

// TestKilledAtAnyMoment kills the lab's first process, or the command that
// brings it up, at random moments: nothing is left, and the next lab comes up.
func TestKilledAtAnyMoment(t *testing.T) {
	u := newUser(t)
	before := u.left()
	rnd := rand.New(rand.NewPCG(7, 7))
	for i := range 6 {
		ctx, cancel := context.WithTimeout(t.Context(), generous)
		cmd := u.command(ctx, "lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.Duration(rnd.IntN(3000)) * time.Millisecond
		victim := [...]string{"supervisor", "client"}[i%2]
		t.Logf("killing the %s after %v", victim, moment)
		<-time.After(moment) // the moment is what the test is about
		if victim == "client" {
			cmd.Process.Kill()
		} else if l, err := lab.DirOf("triangle").Launched(); err == nil && l.Alive() {
			syscall.Kill(l.Init, syscall.SIGKILL)
		}
		cmd.Wait()
		u.try("lab", "down") // of a client killed when all was up, the lab runs on
		cancel()
		eventually(t, "after the kill", func() error { return same(before, u.left()) })
	}
	u.must("lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard")
	u.must("lab", "down")
	eventually(t, "after down", func() error { return same(before, u.left()) })
}

func TestTwoLabsSideBySide(t *testing.T) {
	u := newUser(t)
	u.must("lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard", "--lab", "one")
	u.must("lab", "up", "../../examples/triangle", "--fast", "--tunnels", "wireguard", "--lab", "two")
	for _, name := range []string{"one", "two"} {
		if out := u.must("lab", "exec", "--lab", name, "aws-oregon/app/app", "--", "curl", "-s", "--max-time", "10", "http://10.8.0.4:443"); !strings.HasPrefix(out, "azure-wus2/app/app") {
			t.Errorf("lab %s answered %q", name, out)
		}
	}
	if out, err := u.try("lab", "up", "../../examples/triangle", "--lab", "one"); err == nil || !strings.Contains(out, "runs already") {
		t.Errorf("a second lab of one name: %v, %s", err, out)
	}
}

// TestWithoutRoot brings a lab up as another user than root.
func TestWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("every other test here runs without root then")
	}
	u := newUser(t)
	const nobody = 65534
	if err := os.Chown(u.state, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	u.cred = &syscall.Credential{Uid: nobody, Gid: nobody}
	if out, err := u.try("lab", "preflight"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("this machine gives other users no lab: %s", out)
		}
		t.Skipf("this machine gives other users no lab: %s", out)
	}
	// The example is copied: the checkout may be closed to others.
	spec, err := os.ReadFile("../../examples/triangle/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(u.state, "network.yaml")
	if err := os.WriteFile(file, spec, 0o644); err != nil {
		t.Fatal(err)
	}
	u.must("lab", "up", file, "--fast")
	if out := u.must("lab", "exec", "gcp-oregon/app/app", "--", "curl", "-s", "--max-time", "10", "http://10.8.0.4:443"); !strings.HasPrefix(out, "azure-wus2/app/app") {
		t.Errorf("curl answered %q", out)
	}
}
