package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Launched reads what the folder says.
func (d Dir) Launched() (*Launched, error) {
	b, err := os.ReadFile(d.file())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", d.Name(), ErrNoLab)
	}
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	var l Launched
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("lab %s: %s: %w", d.Name(), d.file(), err)
	}
	return &l, nil
}

// write keeps what the folder says, whole or not at all.
func (d Dir) write(l *Launched) error {
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	tmp := d.file() + ".new"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, d.file())
}

// clean takes away what a lab that has ended left in its folder, all but its
// logs.
func (d Dir) clean() error {
	var errs []error
	for _, f := range []string{d.Control(), d.Exec(), d.file()} {
		if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// startTimeout bounds how long a supervisor may take until it answers.
const startTimeout = 20 * time.Second

// Launch starts the supervisor of a lab: the program self with args, in
// namespaces of its own, which has to call [Supervise]. It returns once that
// answers. A lab of the name that runs is an error; what a dead one left is
// taken away.
func Launch(ctx context.Context, d Dir, l Launched, self string, args []string) (*Client, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.Logs(), 0o700); err != nil {
		return nil, fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	unlock, err := d.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if old, err := d.Launched(); err == nil && old.Alive() {
		return nil, fmt.Errorf("lab %s runs already (since %s, of %s): tieline lab down %s ends it", d.Name(), old.Begun.Format(time.DateTime), old.Spec, d.Name())
	}
	if err := d.clean(); err != nil {
		return nil, fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	log, err := os.Create(filepath.Join(d.Logs(), "supervisor.log"))
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	defer log.Close()
	cmd := exec.Command(self, args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, "/"
	cmd.SysProcAttr = namespaces()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("lab %s: starting its supervisor in namespaces of its own: %w (tieline lab preflight says what the machine lacks)", d.Name(), err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	l.Version, l.Name, l.Init, l.Begun = APIVersion, d.Name(), cmd.Process.Pid, time.Now()
	if l.Born, err = startTime(l.Init); err == nil {
		err = d.write(&l)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lab %s: %w", d.Name(), err), cmd.Process.Kill())
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c := Connect(d)
	for {
		if err := c.Ping(ctx); err == nil {
			return c, nil
		}
		select {
		case err := <-ended:
			d.clean()
			return nil, fmt.Errorf("lab %s: its supervisor ended at once (%v): %s", d.Name(), err, lastLines(log.Name(), 5))
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lab %s: its supervisor does not answer: %w; see %s", d.Name(), ctx.Err(), log.Name()), l.kill(), d.clean())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// namespaces are those that the supervisor gets: of pids, mounts, names and
// the network; without root, of users as well, where it is root.
func namespaces() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Setsid:     true,
	}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// hold keeps others from starting or ending the lab meanwhile.
func (d Dir) hold(ctx context.Context) (func(), error) {
	f, err := os.OpenFile(filepath.Join(string(d), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("lab %s: %w", d.Name(), err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lab %s is being started or ended by another tieline: %w", d.Name(), ctx.Err()), f.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Down ends a lab and all that belongs to it; one that has ended already is no
// error, its leftovers are taken away.
func Down(ctx context.Context, d Dir) error {
	if _, err := os.Stat(string(d)); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", d.Name(), ErrNoLab)
	}
	unlock, err := d.hold(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	l, err := d.Launched()
	if err != nil {
		return errors.Join(err, d.clean())
	}
	if err := l.kill(); err != nil {
		return fmt.Errorf("lab %s: %w", d.Name(), err)
	}
	return d.clean()
}

// Self is the path of this program.
func Self() (string, error) { return os.Executable() }
