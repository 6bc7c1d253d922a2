package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kind "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// strategy is the part of Kubernetes' strategy for custom resources that judges objects.
type strategy interface {
	PrepareForCreate(ctx context.Context, object runtime.Object)
	PrepareForUpdate(ctx context.Context, object, old runtime.Object)
	Validate(ctx context.Context, object runtime.Object) field.ErrorList
	ValidateUpdate(ctx context.Context, object, old runtime.Object) field.ErrorList
}

// judge holds what is needed to judge objects of one kind.
type judge struct {
	kind       kind.GroupVersionKind
	structural *schema.Structural
	strategy   strategy
}

// loadDefinitions reads, validates and compiles every definition in folder, by kind.
func loadDefinitions(folder string) (map[string]*judge, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()

	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	judges := map[string]*judge{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		external, ok := object.(*v1.CustomResourceDefinition)
		if !ok {
			return nil, fmt.Errorf("read %s: a %T and no definition", path, object)
		}
		scheme.Default(external)
		definition := &apiextensions.CustomResourceDefinition{}
		if err := scheme.Convert(external, definition, nil); err != nil {
			return nil, fmt.Errorf("convert %s: %w", path, err)
		}
		if err := validateDefinition(scheme, definition); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		judge, err := newJudge(definition, external.Spec.Versions[0].Name)
		if err != nil {
			return nil, fmt.Errorf("compile %s: %w", path, err)
		}
		judges[judge.kind.Kind] = judge
	}
	if len(judges) == 0 {
		return nil, fmt.Errorf("no definitions in %s: run make gen", folder)
	}
	return judges, nil
}

// validateDefinition does what the API server does when a definition is created: a structural schema,
// rules that compile and whose estimated cost is within the budget. A warning counts as an error.
func validateDefinition(scheme *runtime.Scheme, definition *apiextensions.CustomResourceDefinition) error {
	ctx := context.Background()
	strategy := customresourcedefinition.NewStrategy(scheme)
	strategy.PrepareForCreate(ctx, definition)
	if errors := strategy.Validate(ctx, definition); len(errors) > 0 {
		return errors.ToAggregate()
	}
	if warnings := strategy.WarningsOnCreate(ctx, definition); len(warnings) > 0 {
		return fmt.Errorf("the API server would warn: %q", warnings)
	}
	return nil
}

func newJudge(definition *apiextensions.CustomResourceDefinition, version string) (*judge, error) {
	validations, err := apiextensions.GetSchemaForVersion(definition, version)
	if err != nil {
		return nil, err
	}
	subresources, err := apiextensions.GetSubresourcesForVersion(definition, version)
	if err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(validations.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(validations.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	gvk := kind.GroupVersionKind{Group: definition.Spec.Group, Version: version, Kind: definition.Spec.Names.Kind}
	return &judge{
		kind:       gvk,
		structural: structural,
		strategy: customresource.NewStrategy(
			unstructuredTyper{}, true, gvk, validator, nil, structural, subresources.Status, subresources.Scale, nil),
	}, nil
}

// unstructuredTyper knows the kinds of objects that carry their kind themselves.
type unstructuredTyper struct{}

func (unstructuredTyper) ObjectKinds(object runtime.Object) ([]kind.GroupVersionKind, bool, error) {
	if _, ok := object.(*unstructured.Unstructured); !ok {
		return nil, false, fmt.Errorf("a %T does not carry its kind", object)
	}
	return []kind.GroupVersionKind{object.GetObjectKind().GroupVersionKind()}, false, nil
}

func (unstructuredTyper) Recognizes(kind.GroupVersionKind) bool { return true }
