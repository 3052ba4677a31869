package reporters_test

import "ftrun/runner/result"

// tutorDataset is data with nothing wrong in it but what is left out.
func tutorDataset() *result.Dataset {
	return &result.Dataset{
		Total: 303, Training: 270, Validation: 30, Duplicates: 3, Tokens: 12345, ValidationTokens: 1371,
		TokenStats: result.TokenStats{
			Encoding: "o200k_base", Limit: 4096, Min: 18, Mean: 45.7, P50: 44, P95: 71, Max: 90,
			Histogram: []result.TokenBucket{
				{From: 10, To: 19, Examples: 1}, {From: 20, To: 29, Examples: 22}, {From: 30, To: 39, Examples: 75}, {From: 40, To: 49, Examples: 81},
				{From: 50, To: 59, Examples: 54}, {From: 60, To: 69, Examples: 20}, {From: 70, To: 79, Examples: 0}, {From: 80, To: 89, Examples: 16}, {From: 90, To: 99, Examples: 1},
			},
		},
		RoleTokens: map[string]int64{"system": 2700, "user": 3615, "assistant": 4680, "overhead": 1350},
		Estimate:   &result.Estimate{Epochs: 3, EpochsGuessed: true, BilledTokens: 37035, USD: new(0.185175)},
		Columns:    map[string]string{"question": "prompt", "answer": "completion"},
		Sources:    []result.Source{{Path: "science.jsonl", SHA256: "ab12", Rows: 303, Shape: "qa", Use: result.UseTraining}},
		Findings: []result.DataFinding{
			{Kind: "unused_column", Severity: "note", Count: 1, Message: `column "topic" is not used for training`},
		},
		TrainingSHA256: "cd34", TrainingBytes: 60562, ValidationSHA256: "ef56", ValidationBytes: 6711,
	}
}

// messyDataset is data of several files with findings of every severity, of which the price is not known.
func messyDataset() *result.Dataset {
	d := tutorDataset()
	d.Total, d.Invalid, d.Dropped = 1318, 12, 1003
	d.Columns = nil
	d.Estimate = &result.Estimate{Epochs: 4, BilledTokens: 49380}
	d.Sources = []result.Source{
		{Path: "data/a.jsonl", Rows: 1200, Shape: "chat", Use: result.UseTraining}, {Path: "data/b.jsonl", Rows: 88, Shape: "chat", Use: result.UseTraining},
		{Path: "data/held-out.jsonl", Rows: 30, Shape: "chat", Use: result.UseValidation},
	}
	at := func(file string, line, col, row int, message string) result.DataPlace {
		return result.DataPlace{File: file, Line: line, Col: col, Row: row, Message: message}
	}
	d.Findings = []result.DataFinding{
		{Kind: "few_examples", Severity: "error", Count: 1, Message: "the data has 9 examples, and training needs at least 10", Hint: "50 to 100 are advised",
			Places: []result.DataPlace{at("tutor/data/a.jsonl", 0, 0, 0, "the data has 9 examples, and training needs at least 10")}},
		{Kind: "duplicate_row", Severity: "warning", Count: 1204, Message: "the same example as row 3", Hint: "dataset.duplicates: drop takes them out",
			Places: []result.DataPlace{
				at("tutor/data/a.jsonl", 17, 1, 17, "the same example as row 3"), at("tutor/data/a.jsonl", 18, 1, 18, "the same example as row 4"),
				at("tutor/data/b.jsonl", 2, 1, 2, "the same example as row 5 of data/a.jsonl"),
			}},
		{Kind: "control_character", Severity: "warning", Count: 1, Message: `answer "completion" has a control character, U+001B`,
			Places: []result.DataPlace{at("tutor/data/b.jsonl", 8, 14, 8, `answer "completion" has a control character, U+001B`)}},
		{Kind: "no_user_message", Severity: "note", Count: 2, Message: "no message is the user's",
			Places: []result.DataPlace{at("tutor/data/a.jsonl", 90, 2, 90, "no message is the user's"), at("tutor/data/a.jsonl", 91, 2, 91, "no message is the user's")}},
		{Kind: "unused_column", Severity: "note", Count: 1, Message: `column "topic" is not used for training`},
	}
	return d
}

// messyRun is green, and much was found in its data. Two of its warnings say what the findings say.
func messyRun() *result.Run {
	r := passRun()
	r.Provenance.Spec, r.Dataset = "tutor/pipeline.yaml", messyDataset()
	r.Warnings = []string{
		"1003 of 1318 rows dropped: longer than 4096 tokens",
		"1204 findings (duplicate_row), the first at tutor/data/a.jsonl:17:1: the same example as row 3",
		`tutor/data/b.jsonl:8:14: row 8: answer "completion" has a control character, U+001B`,
		`columns not used for training: "topic"`,
	}
	return r
}

// hostileDataset has hostile text wherever text can come from outside.
func hostileDataset() *result.Dataset {
	h := hostileText
	d := messyDataset()
	d.TokenStats.Encoding = h
	d.RoleTokens, d.Columns = map[string]int64{h: 1, "user": 2}, map[string]string{h: h}
	d.Sources = []result.Source{{Path: h, Shape: h, Use: result.UseValidation}}
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Kind, f.Message, f.Hint = h, h, h
		f.Places = []result.DataPlace{{File: h, Line: 3, Col: 1, Row: 3, Message: h}, {File: h, Message: h}}
	}
	return d
}
