package nodes

// filters gives every machine the native rules that guard it.
func (b *builder) filters() {}
