package provider

import "time"

// Settings are the spec's provider mapping.
type Settings struct {
	Kind      string            // a row of the profile table
	BaseURL   string            // the API's root, such as https://host/v1; a query goes with every request; empty: the profile's
	APIKeyEnv string            // name of the variable that holds the key; empty: the profile's
	Auth      string            // AuthBearer or AuthAPIKey; empty: the profile's
	Wire      string            // WireMethod or WireHyperparameters; empty: the profile's
	Headers   map[string]Secret // sent with every request
	Secrets   []Secret          // what variables filled into Headers
	ExtraBody map[string]any    // merged into the request for a job, objects into objects
	Timeout   time.Duration     // how long one HTTP exchange may make no progress; 0: the default
}
