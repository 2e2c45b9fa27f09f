package cli

import "fmt"

// progress returns a function that shows how far long work is, on one line of
// a terminal's standard error; nowhere else, and not with --json.
func (a *app) progress(what string) func(done, total int) {
	if a.json || !a.err.IsTerminal() {
		return nil
	}
	last := -1
	return func(done, total int) {
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
