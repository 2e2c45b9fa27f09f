package netns

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"testing"

	"github.com/tieline/tieline/internal/testkit/netlab"
)

func here(t *testing.T) string {
	t.Helper()
	s, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDo(t *testing.T) {
	there := netlab.New(t).Namespace("there")
	sentinel := errors.New("from inside")
	home := here(t)
	var inside string
	err := Do(there.Path(), func() (err error) {
		inside, err = os.Readlink("/proc/thread-self/ns/net")
		return errors.Join(err, sentinel)
	})
	if !errors.Is(err, sentinel) {
		t.Errorf("Do = %v, want the function's error", err)
	}
	if want, err := os.Readlink(there.Path()); err != nil || inside != want {
		t.Errorf("the function ran in %s, want %s (%v)", inside, want, err)
	}
	for range 50 { // whatever threads these run on
		done := make(chan string)
		go func() {
			s, _ := os.Readlink("/proc/thread-self/ns/net")
			done <- s
		}()
		if s := <-done; s != home {
			t.Fatalf("a thread is in %s, want %s", s, home)
		}
	}
}

func TestLocked(t *testing.T) {
	there := netlab.New(t).Namespace("there")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home := here(t)
	err := Locked(there.Path(), func() error {
		if s := here(t); s == home {
			t.Errorf("the function ran in %s, at home", s)
		}
		return nil
	})
	if err != nil || here(t) != home {
		t.Errorf("Locked = %v, and the thread is in %s, want %s", err, here(t), home)
	}
}

func TestNoSuchNamespace(t *testing.T) {
	ran := false
	err := Do("/nowhere/at/all", func() error { ran = true; return nil })
	if !errors.Is(err, fs.ErrNotExist) || ran {
		t.Errorf("Do = %v, ran = %v; want no such file, and not run", err, ran)
	}
	if err := Do("", func() error { ran = true; return nil }); err != nil || !ran {
		t.Errorf("Do in the process's own namespace = %v, ran = %v", err, ran)
	}
}
