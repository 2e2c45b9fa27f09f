package spec

func (c *checker) policy() {
	for i := range c.spec.Policy {
		r := &c.spec.Policy[i]
		fromInternet, toInternet := c.allInternet(r.From), c.allInternet(r.To)
		if fromInternet && toInternet {
			c.errorf(r.Pos, "name what of this network is meant on one side", "the rule is from the internet to the internet")
		}
	}
}

func (c *checker) traffic() {
	for i := range c.spec.Traffic {
		f := &c.spec.Traffic[i]
		from, to := c.ref(f.From), c.ref(f.To)
		if from && to {
			c.errorf(f.Pos, "name what of this network is meant on one side", "the traffic is from the internet to the internet")
		}
	}
}

// allInternet checks references and reports whether all of them are the internet.
func (c *checker) allInternet(refs []Value[Ref]) bool {
	all := len(refs) > 0
	for _, r := range refs {
		if !c.ref(r) {
			all = false
		}
	}
	return all
}

// ref checks one reference and reports whether it is the internet.
func (c *checker) ref(r Value[Ref]) bool {
	if r.V.Kind == 0 {
		return false // left out, or refused by the decoder
	}
	known, ok := c.refs[r.V]
	if !ok && c.unknown <= maxUnknown {
		known.target, known.err = c.index.Resolve(r.V)
		c.refs[r.V] = known
	}
	if known.err != nil {
		c.noName(r.Pos, func() *RefError { return known.err })
		return false
	}
	if !ok && c.unknown > maxUnknown {
		return false
	}
	t := known.target
	if t.IsEmpty() {
		w := c.diags.Warnf(r.Pos, "%q holds no subnet: nothing is meant", r.V)
		w.Hint = "give subnets segment: " + r.V.String()
		if t.Segment == "" {
			w.Hint = "add subnets to it"
		}
	}
	return t.Internet
}
