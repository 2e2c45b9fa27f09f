package diag

// Rule documents a kind of finding that check reports, for docs/diagnostics.md
// and for waivers.
type Rule struct {
	Code     Code     // TL1042: stable for ever; never given to another rule
	Severity Severity // as reported, at worst
	Title    string   // one line, as a statement of what is wrong
	Why      string   // why it matters and when to accept it; a few sentences
	Source   string   // documentation page, RFC section or lecture section
	// NotJudged says, for a rule whose subject cannot be declared yet, what is
	// missing; empty for rules that are judged.
	NotJudged string
}
