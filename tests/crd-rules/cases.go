package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// testCase is one document of a case file.
type testCase struct {
	// Name says what the case is about; unique in its file.
	Name string `json:"case"`
	// Expect is "Accepted" or "Refused".
	Expect string `json:"expect"`
	// Message is part of what a refusal says.
	Message string `json:"message,omitempty"`
	// Old is the object that is there; without it New is made.
	Old json.RawMessage `json:"old,omitempty"`
	// New is the object that is sent.
	New json.RawMessage `json:"new"`

	file string
}

// verdict is one line of output.
type verdict struct {
	File       string   `json:"file"`
	Case       string   `json:"case"`
	Verdict    string   `json:"verdict"`
	Errors     []string `json:"errors,omitempty"`
	AsExpected bool     `json:"asExpected"`
}

// loadCases reads every document of every file under folder.
func loadCases(folder string) ([]testCase, error) {
	var all []testCase
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		file, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		return eachDocument(path, func(document []byte) error {
			one := testCase{file: filepath.ToSlash(file)}
			if err := strict.UnmarshalStrict(document, &one); err != nil {
				return err
			}
			if err := one.check(seen); err != nil {
				return err
			}
			all = append(all, one)
			return nil
		})
	})
	return all, err
}

// loadExamples reads the manifests in folder; each is to be accepted.
func loadExamples(folder string) ([]testCase, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []testCase
	for _, path := range paths {
		err := eachDocument(path, func(document []byte) error {
			text, err := strict.YAMLToJSONStrict(document)
			if err != nil {
				return err
			}
			object, err := object(text)
			if err != nil {
				return err
			}
			name := object.GetKind() + " " + object.GetName()
			all = append(all, testCase{Name: name, Expect: "Accepted", New: text, file: "examples/" + filepath.Base(path)})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func eachDocument(path string, visit func([]byte) error) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(document)
		}
		if err != nil {
			return fmt.Errorf("read document %d of %s: %w", number, path, err)
		}
	}
}

func (c testCase) check(seen map[string]bool) error {
	switch {
	case c.Name == "" || seen[c.Name]:
		return fmt.Errorf("a case needs a name of its own, found %q", c.Name)
	case c.Expect != "Accepted" && c.Expect != "Refused":
		return fmt.Errorf("case %q: write expect: Accepted or expect: Refused", c.Name)
	case (c.Expect == "Refused") != (c.Message != ""):
		return fmt.Errorf("case %q: a refusal, and only that, needs a message", c.Name)
	case c.New == nil:
		return fmt.Errorf("case %q: write the object under new", c.Name)
	}
	seen[c.Name] = true
	return nil
}

// object reads an object with whole numbers as such, as the API server does.
func object(text []byte) (*unstructured.Unstructured, error) {
	fields := map[string]any{}
	if err := kubejson.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: fields}, nil
}

func (c testCase) judge(judges map[string]*judge) verdict {
	result := verdict{File: c.file, Case: c.Name, Verdict: "Accepted", Errors: c.errors(judges)}
	if len(result.Errors) > 0 {
		result.Verdict = "Refused"
	}
	result.AsExpected = result.Verdict == c.Expect && strings.Contains(strings.Join(result.Errors, "\n"), c.Message)
	return result
}

func (c testCase) errors(judges map[string]*judge) []string {
	sent, err := object(c.New)
	if err != nil {
		return []string{err.Error()}
	}
	judge := judges[sent.GetKind()]
	if judge == nil {
		return []string{fmt.Sprintf("no definition of kind %q", sent.GetKind())}
	}
	if c.Old == nil {
		return judge.create(sent)
	}
	old, err := object(c.Old)
	if err != nil {
		return []string{err.Error()}
	}
	return judge.update(sent, old)
}
