//go:build ignore

// Writes the tables of ranks that package tokens embeds, out of those of tiktoken-go-loader. Run it with go generate.
package main

import (
	"log"
	"os"

	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"

	"ftrun/runner/tokens/internal/ranktable"
)

func main() {
	log.SetFlags(0)
	for _, encoding := range []string{"o200k_base", "cl100k_base"} {
		ranks, err := tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(encoding + ".tiktoken")
		if err != nil {
			log.Fatal(err)
		}
		block, err := ranktable.Build(ranks)
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(encoding+".ranks", block, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
