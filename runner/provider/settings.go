package provider

import "time"

// Settings are the spec's provider mapping.
type Settings struct {
	Kind      string        // a row of the profile table
	BaseURL   string        // the API's root, such as https://host/v1; empty: the profile's
	APIKeyEnv string        // name of the variable that holds the key; empty: the profile's
	Timeout   time.Duration // of one HTTP exchange that makes no progress; 0: the default
}
