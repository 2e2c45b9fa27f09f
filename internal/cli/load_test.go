package cli

import (
	"context"
	"errors"
	"testing"
)

// TestAbandonable cancels while a step blocks as a read of a pipe does.
func TestAbandonable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	started, never := make(chan struct{}), make(chan struct{})
	defer close(never)
	go func() {
		<-started
		cancel()
	}()
	got, err := abandonable(ctx, func() (int, error) {
		close(started)
		<-never
		return 1, nil
	})
	if got != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("abandonable(a step that blocks) = %d, %v, want 0, %v", got, err, context.Canceled)
	}
	if code := exitCode(err); code != exitWorld {
		t.Errorf("exitCode(%v) = %d, want %d", err, code, exitWorld)
	}
}

func TestAbandonableReturnsWhatTheStepDoes(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name  string
		value int
		err   error
	}{{"done", 7, nil}, {"failed", 0, failed}} {
		t.Run(c.name, func(t *testing.T) {
			got, err := abandonable(t.Context(), func() (int, error) { return c.value, c.err })
			if got != c.value || !errors.Is(err, c.err) {
				t.Errorf("abandonable = %d, %v, want %d, %v", got, err, c.value, c.err)
			}
		})
	}
}
