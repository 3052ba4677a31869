package main

import "strings"

// spelling is how words of ids are written, where that isn't the word itself.
var spelling = map[string]string{
	"1password": "1Password", "ad": "AD", "age": "age", "api": "API", "aws": "AWS", "bitbucket": "Bitbucket", "ca": "CA", "cicd": "CI/CD",
	"clickhouse": "ClickHouse", "coinbase": "Coinbase", "digitalocean": "DigitalOcean", "droneci": "Drone CI", "easypost": "EasyPost",
	"flyio": "Fly.io", "frameio": "Frame.io", "freshbooks": "FreshBooks", "gcp": "Google Cloud", "github": "GitHub", "gitlab": "GitLab",
	"gocardless": "GoCardless", "hashicorp": "HashiCorp", "hubspot": "HubSpot", "huggingface": "Hugging Face", "id": "ID", "intra42": "Intra42",
	"jfrog": "JFrog", "jwt": "JSON web token", "kubernetes": "Kubernetes", "kucoin": "KuCoin", "launchdarkly": "LaunchDarkly",
	"linkedin": "LinkedIn", "mailgun": "Mailgun", "maxmind": "MaxMind", "messagebird": "MessageBird", "npm": "npm", "nuget": "NuGet",
	"nytimes": "New York Times", "oauth": "OAuth", "openai": "OpenAI", "openshift": "OpenShift", "pat": "personal access token",
	"personnal": "personal", "planetscale": "PlanetScale", "privateai": "Private AI", "ptt": "pipeline trigger token", "pub": "public", "pypi": "PyPI",
	"rapidapi": "RapidAPI", "readme": "ReadMe", "rrt": "runner registration token", "rubygems": "RubyGems", "scim": "SCIM", "sendgrid": "SendGrid",
	"settlemint": "SettleMint", "sonar": "Sonar", "sumologic": "Sumo Logic", "tf": "Terraform", "travisci": "Travis CI", "url": "URL",
	"relic": "Relic", "cloud": "Cloud", "deploy": "deploy",
	"bedrock": "Bedrock", "meraki": "Meraki", "curl": "curl", "networking": "Networking", "amazon": "Amazon",
}

// whole are the titles of ids that don't read well word for word.
var whole = map[string]string{
	"aws-amazon-bedrock-api-key-long-lived":       "a long-lived Amazon Bedrock API key",
	"aws-amazon-bedrock-api-key-short-lived":      "a short-lived Amazon Bedrock API key",
	"dropbox-long-lived-api-token":                "a long-lived Dropbox API token",
	"dropbox-short-lived-api-token":               "a short-lived Dropbox API token",
	"github-oauth":                                "a GitHub OAuth token",
	"github-fine-grained-pat":                     "a fine-grained GitHub personal access token",
	"gitlab-pat-routable":                         "a routable GitLab personal access token",
	"gitlab-runner-authentication-token-routable": "a routable GitLab runner authentication token",
	"heroku-api-key-v2":                           "a Heroku API key",
	"microsoft-teams-webhook":                     "the URL of a Microsoft Teams webhook",
	"slack-webhook-url":                           "the URL of a Slack webhook",
	"generic-api-key":                             "something like an API key or a password",
	"jwt-base64":                                  "a JSON web token in base64",
	"private-key":                                 "a private key",
	"curl-auth-header":                            "a curl command with credentials in a header",
	"curl-auth-user":                              "a curl command with a user's password",
	"sidekiq-secret":                              "a Sidekiq secret",
	"sidekiq-sensitive-url":                       "a URL with Sidekiq credentials",
	"octopus-deploy-api-key":                      "an Octopus Deploy API key",
	"hashicorp-tf-api-token":                      "a HashiCorp Terraform API token",
	"freemius-secret-key":                         "a Freemius secret key",
}

// titleOf names for people what a rule finds, out of its id.
func titleOf(id string) string {
	if t, ok := whole[id]; ok {
		return t
	}
	var words []string
	for i, w := range strings.Split(id, "-") {
		switch s, known := spelling[w]; {
		case known:
			words = append(words, s)
		case i == 0: // a name
			words = append(words, strings.ToUpper(w[:1])+w[1:])
		default:
			words = append(words, w)
		}
	}
	title := strings.Join(words, " ")
	if strings.ContainsRune("aeioAEIO1", rune(title[0])) && !strings.HasPrefix(title, "1P") || strings.HasPrefix(title, "npm") {
		return "an " + title
	}
	return "a " + title
}
