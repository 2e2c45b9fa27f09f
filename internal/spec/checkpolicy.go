package spec

func (c *checker) policy() {
	for i := range c.spec.Policy {
		r := &c.spec.Policy[i]
		fromInternet, toInternet := c.refs(r.From), c.refs(r.To)
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

// refs checks references and reports whether all of them are the internet.
func (c *checker) refs(refs []Value[Ref]) bool {
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
	t, err := c.index.Resolve(r.V)
	if err != nil {
		c.errorf(r.Pos, err.Hint, "%s", err.Summary)
		return false
	}
	if t.IsEmpty() {
		w := c.diags.Warnf(r.Pos, "%q holds no subnet: nothing is meant", r.V)
		w.Hint = "give subnets segment: " + r.V.String()
		if t.Segment == "" {
			w.Hint = "add subnets to it"
		}
	}
	return t.Internet
}
