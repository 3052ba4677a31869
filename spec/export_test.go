package spec

// ParseWith is [Parse] in an environment.
func ParseWith(file string, src []byte, opts LoadOptions) (*Pipeline, error) {
	c := parse(file, src, opts, nil)
	if err := c.problems().Err(); err != nil {
		return nil, err
	}
	return c.pipeline, nil
}
