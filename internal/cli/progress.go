package cli

import (
	"fmt"
	"time"
)

// progressAfter is how long work may take before its progress is shown.
const progressAfter = 400 * time.Millisecond

// progress returns a function that shows how far long work is, on one line of
// a terminal's standard error; nowhere else, and not with --json.
func (a *app) progress(what string) func(done, total int) {
	if a.json || !a.err.IsTerminal() {
		return nil
	}
	last, began := -1, time.Now()
	return func(done, total int) {
		if last < 0 && time.Since(began) < progressAfter {
			return
		}
		percent := 100
		if total > 0 {
			percent = 100 * done / total
		}
		if percent == last {
			return
		}
		last = percent
		text := fmt.Sprintf("\r%s: %d of %d", what, done, total)
		if done >= total {
			text = "\r\x1b[K"
		}
		fmt.Fprint(a.err, text)
	}
}
