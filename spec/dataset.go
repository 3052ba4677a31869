package spec

import "ftrun/spec/diag"

// A Dataset says which rows to train on.
type Dataset struct {
	Paths []string // as the spec has them: files and patterns, relative to the spec

	// Files are those that Paths name, as slash paths relative to the spec where Paths are: each once, in the order of Paths, those of one
	// pattern sorted. Where no file was read, those of Paths that are patterns are not among them.
	Files []string

	Format  string            // auto, or one of [Formats]
	Fields  map[string]string // role, one of [Roles], to column; nil: the usual synonyms
	TooLong string            // error or drop
	Invalid string            // error or drop: rows that can't be trained on

	MaxDropped    Amount // long and invalid rows together: a count, or a share of all rows
	Duplicates    string // warn, drop or error
	Contamination string // warn, error or off: test cases that stand in the training data
	Secrets       string // warn, error or off: keys in the data that were not meant to be shown

	Validation Validation
	Pos        diag.Position
}

// A Validation says which rows are held out of the training. The zero value: none.
type Validation struct {
	Share Amount   // of the training rows, a share always; zero: none
	Seed  int      // of the draw
	Paths []string // or files of their own, as in [Dataset]
	Files []string
	Pos   diag.Position
}

// Set reports whether any rows are held out.
func (v Validation) Set() bool { return v.Share.Value > 0 || len(v.Paths) > 0 }

// DatasetFiles returns where the dataset's files are, in the order of Dataset.Files: each joined to the folder of the pipeline file, unless
// it is absolute. It is nil where there is no dataset.
func (p *Pipeline) DatasetFiles() []string {
	if p.Dataset == nil {
		return nil
	}
	return p.resolve(p.Dataset.Files)
}

// ValidationFiles returns where the files of validation rows are, as [Pipeline.DatasetFiles] does. It is nil where there are none.
func (p *Pipeline) ValidationFiles() []string {
	if p.Dataset == nil {
		return nil
	}
	return p.resolve(p.Dataset.Validation.Files)
}

func (p *Pipeline) resolve(names []string) []string {
	var paths []string
	for _, name := range names {
		paths = append(paths, resolvePath(p.Dir, name))
	}
	return paths
}
