// Package v3 has the parts of an OpenAPI document that the engine names. None is ever made.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Document of an API.
type Document struct {
	Info       *Info
	Paths      *Paths
	Components *Components
}

// Info of a document.
type Info struct{ Version string }

// Paths of a document.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem]
}

// Components of a document.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy]
}

// PathItem has the operations of a path.
type PathItem struct{ Get, Post, Put, Delete, Patch, Head *Operation }

// Operation of a path.
type Operation struct {
	OperationId, Summary, Description string
	Tags                              []string
	Parameters                        []*Parameter
	RequestBody                       *RequestBody
	Responses                         *Responses
	Deprecated                        *bool
	Extensions                        *orderedmap.Map[string, *yaml.Node]
}

// Parameter of an operation.
type Parameter struct {
	Name, In, Description string
	Required              *bool
	Schema                *base.SchemaProxy
}

// RequestBody of an operation.
type RequestBody struct {
	Content *orderedmap.Map[string, *MediaType]
}

// Responses of an operation.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response]
	Default *Response
}

// Response of an operation.
type Response struct {
	Description string
	Content     *orderedmap.Map[string, *MediaType]
}

// MediaType of a body.
type MediaType struct{ Schema *base.SchemaProxy }
