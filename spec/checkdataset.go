package spec

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

// The words of a dataset's policies.
const (
	wordWarn  = "warn"
	wordDrop  = "drop"
	wordError = "error"
)

func (c *checker) checkDataset() {
	f := c.file.Dataset
	if !c.Has("dataset") {
		if !c.pipeline.Train.Off && !c.Troubled("train") {
			c.Add("", `missing key "dataset"`, `name the training data, or write "train: off" and test.model to test a model that exists`)
		}
		return
	}
	c.choice("dataset.format", f.Format, append([]string{auto}, Formats()...))
	c.choice("dataset.too_long", f.TooLong, []string{wordError, wordDrop})
	c.choice("dataset.invalid", f.Invalid, []string{wordError, wordDrop})
	c.choice("dataset.duplicates", f.Duplicates, []string{wordWarn, wordDrop, wordError})
	c.choice("dataset.contamination", f.Contamination, []string{wordWarn, wordError, off})
	c.choice("dataset.secrets", f.Secrets, []string{wordWarn, wordError, off})
	if c.sound("dataset.max_dropped") && f.TooLong != wordDrop && f.Invalid != wordDrop && !c.Troubled("dataset") {
		c.warn(c.At("dataset.max_dropped"), "nothing is dropped, so dataset.max_dropped limits nothing",
			"set too_long or invalid to drop, or leave max_dropped out")
	}
	at := pathOr(c, "dataset.path", "dataset")
	search := newFileSearch(c)
	d := Dataset{
		Format:  f.Format,
		Fields:  c.fields(f),
		TooLong: f.TooLong,
		Invalid: f.Invalid,

		MaxDropped:    f.MaxDropped.Amount,
		Duplicates:    f.Duplicates,
		Contamination: f.Contamination,
		Secrets:       f.Secrets,
		Pos:           c.At(at),
	}
	d.Paths, d.Files = search.find(at, f.Path, forTraining)
	d.Validation = c.validation(f.Validation, search)
	c.pipeline.Dataset = &d
	c.methodOfShape(d)
}

// pathOr returns the first of two paths that has a value: a mapping's key, or what stands in the mapping's place.
func pathOr(c *checker, inside, instead string) string {
	if c.Has(inside) {
		return inside
	}
	return instead
}

// fields returns the columns by role, nil where there are none.
func (c *checker) fields(f datasetForm) map[string]string {
	const path = "dataset.fields"
	if !c.Has(path) {
		return nil
	}
	if len(f.Fields) == 0 {
		if !c.Troubled(path) {
			c.Add(path, "no columns", "map a role to one, such as question: q, or leave the key out")
		}
		return nil
	}
	roles := slices.Sorted(maps.Keys(f.Fields))
	for i, role := range roles {
		if strings.TrimSpace(f.Fields[role]) == "" {
			c.blank(yamlpos.Join(path, role), "name the column")
		}
		for _, other := range roles[:i] {
			if f.Fields[role] == f.Fields[other] && c.sound(yamlpos.Join(path, role)) {
				c.Addf(yamlpos.Join(path, role), "column %s is %s already", yamlpos.Quote(f.Fields[role]), other)
			}
		}
	}
	if !c.Troubled("dataset.format") {
		c.rolesOfOne(f.Format, roles)
	}
	return f.Fields
}

// rolesOfOne wants roles that one format has, the named one where one is named.
func (c *checker) rolesOfOne(name string, roles []string) {
	const path = "dataset.fields"
	if name == auto {
		if (Dataset{Format: auto, Fields: c.file.Dataset.Fields}).Shape() == auto {
			c.Add(path, "no one format has the roles "+allOf(roles), rolesHint(roles))
		}
		return
	}
	for _, role := range roles {
		if !slices.Contains(Roles(name), role) {
			c.Add(yamlpos.Join(path, role), fmt.Sprintf("format %s has no role %s", name, role),
				fmt.Sprintf("%s has %s; leave format out, or map its roles", name, allOf(Roles(name))))
		}
	}
}

// rolesHint lists the roles of the formats that have any of the given ones.
func rolesHint(roles []string) string {
	var parts []string
	for _, f := range formats {
		if slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(f.roles, role) }) {
			parts = append(parts, f.name+" has "+allOf(f.roles))
		}
	}
	return strings.Join(parts, "; ")
}

// maxHeldOut is the validation share beyond which it is hardly meant.
const maxHeldOut = 0.5

// validation returns which rows are held out.
func (c *checker) validation(f validationForm, search *fileSearch) Validation {
	const path = "dataset.validation"
	if !c.Has(path) || f.none {
		return Validation{}
	}
	c.within(path+".seed", f.Seed, 0, math.MaxInt32)
	share, file := f.Share.Text != "", len(f.Path) > 0
	at := pathOr(c, path+".share", path)
	if file {
		at = pathOr(c, path+".path", path)
	}
	switch {
	case c.Troubled(path):
	case share && file:
		c.Add(path, "rows are held out by a share, or stand in files of their own", "keep one of share and path")
	case !share && !file:
		c.Add(path, "neither a share nor a file", "name one, such as 10%, or write none")
	case file && c.Has(path+".seed"):
		c.Add(path+".seed", "nothing is drawn, because the rows held out stand in files of their own", "leave it out")
	case share && (f.Share.Value <= 0 || f.Share.Value >= 1):
		c.Add(at, "want more than 0% and less than 100%, found "+f.Share.Text, "write 10%, or none to hold nothing out")
	case share && f.Share.Value > maxHeldOut:
		c.warn(c.At(at), "more rows are held out than trained on: dataset.validation is "+f.Share.Text, "at most 50% is usual")
	}
	v := Validation{Share: f.Share.Amount, Seed: f.Seed, Pos: c.At(at)}
	if file {
		v.Paths, v.Files = search.find(at, f.Path, forValidation)
	}
	return v
}

// methodOfShape wants preferences for the method that learns from them, and for no other.
func (c *checker) methodOfShape(d Dataset) {
	const preference = "preference"
	t := c.pipeline.Train
	if t.Off || c.Troubled("train.method") || c.Troubled("dataset.format") || c.Troubled("dataset.fields") {
		return
	}
	at := "dataset.fields"
	if d.Format != auto {
		at = "dataset.format"
	}
	switch shape := d.Shape(); {
	case t.Method == MethodDPO && shape != auto && shape != preference:
		c.Add(at, "train.method dpo learns from preferences, and these are "+shape+" rows", "use format preference, or train.method supervised")
	case t.Method != MethodDPO && shape == preference:
		c.Add(at, "preferences are for train.method dpo, and the method is "+t.Method, "set train.method to dpo, or use rows of another format")
	}
}
