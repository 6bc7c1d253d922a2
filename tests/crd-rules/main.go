// Command crd-rules puts our definitions, cases and examples through Kubernetes' own validation code.
//
// It runs what an API server runs, without one: validation of the definitions with the cost of their
// rules, and for each object decoding with unknown fields refused, defaults, the schema and the rules,
// for changes with the old object beside the new one. It prints one verdict per case as a line of JSON,
// so that the laptop mode can be held to the same verdicts, and ends with 1 when one is not as the case
// says. It must not know what our kinds mean.
//
//	go run . -crds ../../crds -cases cases -examples ../../examples
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
)

func main() {
	crds := flag.String("crds", "../../crds", "folder of the generated definitions")
	cases := flag.String("cases", "cases", "folder of the cases, searched in depth")
	examples := flag.String("examples", "../../examples", "folder of manifests that must all be accepted")
	flag.Parse()

	wrong, err := run(*crds, *cases, *examples)
	if err != nil {
		fmt.Fprintln(os.Stderr, "crd-rules:", err)
		os.Exit(2)
	}
	if wrong > 0 {
		fmt.Fprintf(os.Stderr, "crd-rules: %d verdicts are not as expected\n", wrong)
		os.Exit(1)
	}
}

// run judges everything and says how many verdicts were wrong.
func run(crdFolder, caseFolder, exampleFolder string) (int, error) {
	judges, err := loadDefinitions(crdFolder)
	if err != nil {
		return 0, err
	}
	all, err := loadCases(caseFolder)
	if err != nil {
		return 0, err
	}
	more, err := loadExamples(exampleFolder)
	if err != nil {
		return 0, err
	}
	if len(all) == 0 || len(more) == 0 {
		return 0, fmt.Errorf("found %d cases and %d examples: check the folders", len(all), len(more))
	}

	wrong := 0
	lines := json.NewEncoder(os.Stdout)
	lines.SetEscapeHTML(false)
	for _, one := range append(all, more...) {
		verdict := one.judge(judges)
		if !verdict.AsExpected {
			wrong++
		}
		if err := lines.Encode(verdict); err != nil {
			return wrong, fmt.Errorf("print a verdict: %w", err)
		}
	}
	return wrong, nil
}
