package provider

import "slices"

// A Profile is what ftrun knows of one kind of provider: a row of data.
type Profile struct {
	Kind      string
	Supported bool   // false: known, but not by this version
	BaseURL   string // the fixed API root; empty: the spec or the environment names it
	KeyEnv    string // variable that holds the key; empty: no key is needed
	EnvURL    bool   // OPENAI_BASE_URL stands for BaseURL
}

// Profiles returns every kind of provider, in the order in which documents list them.
func Profiles() []Profile {
	return []Profile{
		{Kind: "openai", Supported: true, BaseURL: "https://api.openai.com/v1", KeyEnv: "OPENAI_API_KEY", EnvURL: true},
		{Kind: "embedded", Supported: true},
		{Kind: "compatible", Supported: true, KeyEnv: "FTRUN_API_KEY"},
		{Kind: "azure"},
		{Kind: "nebius"},
		{Kind: "crusoe"},
		{Kind: "litellm"},
		{Kind: "llmariner"},
	}
}

// KindEmbedded is the engine that ftrun starts itself.
const KindEmbedded = "embedded"

// ProfileOf returns the profile of a kind.
func ProfileOf(kind string) (Profile, bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Kind == kind })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// Kinds returns the names of the kinds that this version supports.
func Kinds() []string {
	var kinds []string
	for _, p := range Profiles() {
		if p.Supported {
			kinds = append(kinds, p.Kind)
		}
	}
	return kinds
}
