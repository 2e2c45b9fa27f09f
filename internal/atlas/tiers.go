package atlas

import (
	"errors"
	"strconv"
	"strings"
)

// checkTiers reports tiers that do not rise, or end.
func checkTiers(tiers []Tier) error {
	if len(tiers) == 0 {
		return errors.New("no price")
	}
	for i, t := range tiers {
		last := i == len(tiers)-1
		switch {
		case t.Unit < 0:
			return errors.New("a price is negative")
		case last && t.UpTo != 0:
			return errors.New("the last tier has an end")
		case !last && t.UpTo <= 0, i > 0 && !last && t.UpTo <= tiers[i-1].UpTo:
			return errors.New("the tiers do not rise")
		}
	}
	return nil
}

// formatTiers gives the form that parseTiers reads.
func formatTiers(tiers []Tier) string {
	parts := make([]string, len(tiers))
	for i, t := range tiers {
		parts[i] = t.Unit.Unit()
		if t.UpTo > 0 {
			parts[i] += "/" + strconv.FormatFloat(t.UpTo, 'f', -1, 64)
		}
	}
	return strings.Join(parts, " ")
}
