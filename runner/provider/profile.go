package provider

import (
	"regexp"
	"slices"
	"strings"
)

// KindEmbedded is the engine that ftrun starts itself.
const KindEmbedded = "embedded"

// The ways in which a request carries the key.
const (
	AuthBearer = "bearer"  // Authorization: Bearer KEY
	AuthAPIKey = "api-key" // api-key: KEY
)

// The places of the hyperparameters in a request for a job. A request has one of them and never both.
const (
	WireMethod          = "method"          // method.supervised.hyperparameters, or below the method's own name
	WireHyperparameters = "hyperparameters" // hyperparameters, at the top
)

// A MetadataRule says what becomes of the metadata that a job is created with.
type MetadataRule string

// The rules of metadata. Wherever a list is not filtered, the client checks; where jobs show no metadata, the name of the training
// file tells them apart.
const (
	MetadataFilter   MetadataRule = "filter"   // kept, shown, and lists are filtered by it
	MetadataEcho     MetadataRule = "echo"     // kept and shown
	MetadataIgnored  MetadataRule = "ignored"  // taken and dropped
	MetadataRejected MetadataRule = "rejected" // a request with metadata is refused
)

// A Profile is what ftrun knows of one kind of provider: a row of data.
type Profile struct {
	Kind     string
	BaseURL  string // the fixed API root; empty: the spec or the environment names it
	KeyEnv   string // variable that holds the key; empty: no key is needed
	EnvURL   bool   // OPENAI_BASE_URL stands for BaseURL
	Auth     string
	Wire     string
	Metadata MetadataRule

	ModelsListed bool  // a base model that GET /models/{id} does not know can't be trained
	SettleFiles  bool  // an uploaded file is used only once it is "processed"
	MaxFileBytes int64 // of a training or validation file; 0: no documented limit
	MaxSuffix    int   // characters; 0: the API's own 64
	NeedsSuffix  bool  // a job without a suffix is refused
	MaxEpochs    int   // of a job; 0: the API's own limit

	// NoDPO are the base models that the service documents for other methods only, by name; one with a date after it is the same model.
	NoDPO []string

	// Deploy says how a fine-tuned model comes to answer, where that takes more than the end of its job. Empty: nothing.
	Deploy string
}

// Sizes of files, as the services' documents count them.
const (
	mb = 1_000_000
	gb = 1000 * mb
)

// Profiles returns every kind of provider, in the order in which documents list them.
func Profiles() []Profile {
	return []Profile{
		{
			Kind: "openai", BaseURL: "https://api.openai.com/v1", KeyEnv: "OPENAI_API_KEY", EnvURL: true,
			Auth: AuthBearer, Wire: WireMethod, Metadata: MetadataFilter, ModelsListed: true, MaxFileBytes: 512 * mb,
			NoDPO: []string{"o4-mini"},
		},
		{
			Kind: KindEmbedded,
			Auth: AuthBearer, Wire: WireMethod, Metadata: MetadataFilter, ModelsListed: true,
		},
		{
			Kind: "azure", KeyEnv: "AZURE_OPENAI_API_KEY",
			Auth: AuthAPIKey, Wire: WireMethod, Metadata: MetadataIgnored, SettleFiles: true, MaxFileBytes: 512 * mb, MaxSuffix: 40,
			NoDPO:  []string{"gpt-4o-mini", "o4-mini", "gpt-5", "gpt-oss-20b", "ministral-3b"},
			Deploy: "create a deployment of it at the Azure resource (format OpenAI, version 1), then put the deployment's name into test.model",
		},
		{
			Kind: "nebius", BaseURL: "https://api.tokenfactory.nebius.com/v1", KeyEnv: "NEBIUS_API_KEY",
			Auth: AuthBearer, Wire: WireHyperparameters, Metadata: MetadataIgnored, MaxFileBytes: 5 * gb, MaxEpochs: 20,
			Deploy: "deploy its checkpoint at Nebius Token Factory, then put the name under which it is served into test.model",
		},
		{
			Kind: "crusoe", BaseURL: "https://api.intelligence.crusoecloud.com/v1", KeyEnv: "CRUSOE_API_KEY",
			Auth: AuthBearer, Wire: WireHyperparameters, Metadata: MetadataIgnored, MaxFileBytes: 3 * gb,
			Deploy: "Crusoe serves models at another host: deploy it there, then test it with a file of its own (train: off, provider compatible, test.model)",
		},
		{
			Kind: "litellm", KeyEnv: "LITELLM_API_KEY",
			Auth: AuthBearer, Wire: WireHyperparameters, Metadata: MetadataIgnored,
			Deploy: "add it to the proxy's model_list, then put the name that it has there into test.model",
		},
		{
			Kind: "llmariner", KeyEnv: "LLMARINER_API_KEY",
			Auth: AuthBearer, Wire: WireHyperparameters, Metadata: MetadataIgnored, MaxSuffix: 18, NeedsSuffix: true,
		},
		{
			Kind: "compatible", KeyEnv: "FTRUN_API_KEY",
			Auth: AuthBearer, Wire: WireMethod, Metadata: MetadataEcho,
		},
	}
}

// ProfileOf returns the profile of a kind.
func ProfileOf(kind string) (Profile, bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Kind == kind })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// Kinds returns the names of all kinds.
func Kinds() []string {
	var kinds []string
	for _, p := range Profiles() {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

// dated is a model's name with the date of its snapshot.
var dated = regexp.MustCompile(`^(.+)-\d{4}-\d{2}-\d{2}$`)

// RefusesDPO reports whether the service's documents say that a base model, or a model tuned from one, is trained by other methods only.
// False means yes or that nothing is said.
func (p Profile) RefusesDPO(base string) bool {
	name := strings.ToLower(base)
	if tuned, ok := strings.CutPrefix(name, "ft:"); ok { // ft:BASE:ORGANIZATION:SUFFIX:ID
		name, _, _ = strings.Cut(tuned, ":")
	}
	name, _, _ = strings.Cut(name, ".ft-") // BASE.ft-ID, as Azure has it
	if m := dated.FindStringSubmatch(name); m != nil {
		name = m[1]
	}
	return slices.Contains(p.NoDPO, name)
}
