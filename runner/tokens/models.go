package tokens

import "strings"

// A family is a group of base models that share an encoding and a limit.
type family struct {
	name     string // a model's name, or its start up to a hyphen; one that ends in a dot starts any name
	encoding string
	limit    int // tokens per training example; 0: none is documented
}

// families holds OpenAI's base models. Encodings follow tiktoken 0.14.0 (2026-08-16); o200k_harmony, which gpt-oss uses, differs
// from o200k_base in special tokens only. Limits follow OpenAI's fine-tuning guide (mirrored 2026-06): an example beyond its limit is
// cut off by the service without a word.
func families() []family {
	return []family{
		{"gpt-4.1", O200K, 65_536},
		{"gpt-4o", O200K, 65_536},
		{"gpt-4o-mini", O200K, 65_536},
		{"gpt-4.5", O200K, 0},
		{"chatgpt-4o", O200K, 0},
		{"gpt-5", O200K, 0},
		{"gpt-5.", O200K, 0},
		{"gpt-oss", O200K, 0},
		{"o1", O200K, 0},
		{"o3", O200K, 0},
		{"o4-mini", O200K, 0},
		{"gpt-4", CL100K, 0},
		{"gpt-3.5-turbo", CL100K, 16_385}, // an alias of -0125
		{"gpt-3.5-turbo-0613", CL100K, 4_096},
		{"gpt-35-turbo", CL100K, 16_385}, // the name at Azure
		{"gpt-35-turbo-0613", CL100K, 4_096},
		{"davinci-002", CL100K, 16_384},
		{"babbage-002", CL100K, 16_384},
	}
}

// retired returns the encoding of a model of the time before chat, by its whole name, as tiktoken 0.14.0 has it. p50k_edit, which the two
// edit models use, differs from p50k_base in special tokens only.
func retired(base string) (encoding string, ok bool) {
	switch base {
	case "text-davinci-003", "text-davinci-002", "code-davinci-002", "code-davinci-001", "code-cushman-002", "code-cushman-001",
		"davinci-codex", "cushman-codex", "text-davinci-edit-001", "code-davinci-edit-001":
		return P50K, true
	case "text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001", "davinci", "curie", "babbage", "ada":
		return R50K, true
	}
	return "", false
}

// EncodingFor returns the encoding of a model, base or fine-tuned. Of a model that is not known it returns [O200K] and false.
func EncodingFor(model string) (encoding string, known bool) {
	if f, ok := lookUp(model); ok {
		return f.encoding, true
	}
	return O200K, false
}

// Limit returns how many tokens a training example of the model may have, and false where that is not documented.
func Limit(model string) (tokens int, ok bool) {
	f, _ := lookUp(model)
	return f.limit, f.limit > 0
}

// lookUp returns the family with the longest name that matches.
func lookUp(model string) (best family, ok bool) {
	base, _ := splitName(model)
	if encoding, ok := retired(base); ok {
		return family{name: base, encoding: encoding}, true
	}
	for _, f := range families() {
		if f.matches(base) && len(f.name) > len(best.name) {
			best, ok = f, true
		}
	}
	return best, ok
}

func (f family) matches(base string) bool {
	rest, ok := strings.CutPrefix(base, f.name)
	return ok && (rest == "" || rest[0] == '-' || strings.HasSuffix(f.name, "."))
}

// splitName returns the base model that a name was made from, and whether it is the name of a model tuned from it:
//
//	ft:gpt-4o-mini-2024-07-18:org:suffix:id    OpenAI
//	gpt-4o-mini-2024-07-18.ft-0ab3f8-suffix    Azure
//	azure/gpt-4o-mini                          gateways
func splitName(model string) (base string, tuned bool) {
	name := model
	if i := strings.Index(name, "ft:"); i == 0 || i > 0 && name[i-1] == '/' {
		name, tuned = name[i+len("ft:"):], true
	}
	name, _, _ = strings.Cut(name, ":")
	name = name[strings.LastIndexByte(name, '/')+1:]
	name, _, azure := strings.Cut(name, ".ft-")
	return strings.ToLower(name), tuned || azure
}
