package rows

// A Raw is a row before it is taken apart.
type Raw struct {
	Number, Line, Col int

	row Row
}

// NextRaw returns the next row before it is taken apart.
func (r *Reader) NextRaw() (Raw, error) {
	row, err := r.Next()
	return Raw{row.Number, row.Line, row.Col, row}, err
}

// Size returns how many bytes the row holds.
func (r Raw) Size() int {
	n := 0
	for _, f := range r.row.Fields {
		n += len(f.Value)
	}
	return n
}

// Parse takes the row apart.
func (r Raw) Parse() (Row, error) { return r.row, nil }
