// Package base has the parts of a schema that the engine names. None is ever made.
package base

import (
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// SchemaProxy leads to a schema.
type SchemaProxy struct{}

// Schema is never there.
func (*SchemaProxy) Schema() *Schema { return nil }

// DynamicValue is one of two.
type DynamicValue[A any, B any] struct {
	N int
	A A
	B B
}

// IsA tells which.
func (v *DynamicValue[A, B]) IsA() bool { return v.N == 0 }

// IsB tells which.
func (v *DynamicValue[A, B]) IsB() bool { return v.N == 1 }

// Discriminator of a schema.
type Discriminator struct {
	PropertyName string
	Mapping      *orderedmap.Map[string, string]
}

// Low has what a document says as it stands there.
type Low struct{}

// Hash of nothing.
func (*Low) Hash() uint64 { return 0 }

// Schema of a value.
type Schema struct {
	Type, Required                      []string
	AllOf, OneOf, AnyOf                 []*SchemaProxy
	Discriminator                       *Discriminator
	Items, AdditionalProperties         *DynamicValue[*SchemaProxy, bool]
	Properties                          *orderedmap.Map[string, *SchemaProxy]
	MultipleOf, Maximum, Minimum        *float64
	MaxLength, MinLength                *int64
	MaxItems, MinItems                  *int64
	Pattern, Format, Description, Title string
	Enum                                []*yaml.Node
	Default                             *yaml.Node
	Nullable, ReadOnly, WriteOnly       *bool
	Deprecated                          *bool
	Extensions                          *orderedmap.Map[string, *yaml.Node]
}

// GoLow is never there.
func (*Schema) GoLow() *Low { return nil }

// MarshalJSONInline gives nothing.
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, nil }
