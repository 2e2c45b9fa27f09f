package lab

import (
	"context"
	"sync"
	"time"
)

// Progress is one step of bringing a lab up, or of other long work.
type Progress struct {
	At    time.Time `json:"at"`
	Stage string    `json:"stage"`
	Done  int       `json:"done,omitempty"`
	Total int       `json:"total,omitempty"`
	Text  string    `json:"text,omitempty"`
	// Final: nothing follows. Error says what failed.
	Final bool   `json:"final,omitempty"`
	Error string `json:"error,omitempty"`
}

// journal keeps the progress of bringing up for any number of readers.
type journal struct {
	mu      sync.Mutex
	last    Progress
	changed chan struct{} // closed and replaced at each change
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) set(change func(*Progress)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.last)
	j.last.At = time.Now()
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *journal) stage(name string) {
	j.set(func(p *Progress) { *p = Progress{Stage: name} })
}

func (j *journal) progress(done, total int) {
	j.set(func(p *Progress) { p.Done, p.Total = done, total })
}

func (j *journal) text(s string) { j.set(func(p *Progress) { p.Text = s }) }

func (j *journal) fail(err error) {
	j.set(func(p *Progress) { p.Final, p.Error = true, err.Error() })
}

func (j *journal) done(text string) {
	j.set(func(p *Progress) { *p = Progress{Stage: "up", Text: text, Final: true} })
}

// follow calls each with the state now and after every change, until the last
// or ctx ends. Changes in quick succession may be told as one.
func (j *journal) follow(ctx context.Context, each func(Progress) error) error {
	for {
		j.mu.Lock()
		p, changed := j.last, j.changed
		j.mu.Unlock()
		if err := each(p); err != nil || p.Final {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
