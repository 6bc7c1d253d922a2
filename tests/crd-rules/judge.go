package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// create says what is wrong with making object; nothing is for accepted.
func (j *judge) create(object *unstructured.Unstructured) []string {
	if errors := j.admit(object); len(errors) > 0 {
		return errors
	}
	ctx := context.Background()
	j.strategy.PrepareForCreate(ctx, object)
	return texts(j.strategy.Validate(ctx, object))
}

// update says what is wrong with changing old to object; nothing is for accepted.
func (j *judge) update(object, old *unstructured.Unstructured) []string {
	if errors := j.create(old); len(errors) > 0 {
		return []string{fmt.Sprintf("the old object is refused already: %s", strings.Join(errors, "; "))}
	}
	if errors := j.admit(object); len(errors) > 0 {
		return errors
	}
	// A sender does not count generations; the API server does.
	object.SetGeneration(old.GetGeneration())
	ctx := context.Background()
	j.strategy.PrepareForUpdate(ctx, object, old)
	return texts(j.strategy.ValidateUpdate(ctx, object, old))
}

// admit does what happens to an object between the wire and its validation, with strict field
// validation: unknown fields are refused, nulls dropped and defaults filled in.
func (j *judge) admit(object *unstructured.Unstructured) []string {
	if got := object.GroupVersionKind(); got != j.kind {
		return []string{fmt.Sprintf("no matches for kind %q in version %q", got.Kind, got.GroupVersion())}
	}
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object.Object,
		objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return []string{err.Error()}
	}
	if !found {
		return []string{"metadata: Required value"}
	}
	paths := pruning.PruneWithOptions(object.Object, j.structural, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if unknown = append(unknown, paths...); len(unknown) > 0 {
		return unknownFields(unknown)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, j.structural)
	defaulting.Default(object.Object, j.structural)

	// What the API server fills in for every object.
	meta.UID = "00000000-0000-0000-0000-000000000000"
	meta.ResourceVersion = "1"
	if meta.Namespace == "" {
		meta.Namespace = "default"
	}
	if err := objectmeta.SetObjectMeta(object.Object, meta); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func unknownFields(paths []string) []string {
	var errors []string
	for _, path := range paths {
		errors = append(errors, fmt.Sprintf("strict decoding error: unknown field %q", path))
	}
	return errors
}

func texts(errors field.ErrorList) []string {
	var all []string
	for _, err := range errors {
		all = append(all, err.Error())
	}
	return all
}
