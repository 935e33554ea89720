// Package libopenapi has what Pulumi's engine asks of a reader of OpenAPI documents, in place of that reader: `pulumi cloud`
// needs it, to call Pulumi's own service. It takes a third of the time of the engine's build. Here no document can be read.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document is never made.
type Document struct{}

// DocumentModel is never made.
type DocumentModel struct{ Model v3.Document }

var errNoReader = errors.New("this pulumi was built for a sandbox and has no reader of OpenAPI documents")

// NewDocument always fails.
func NewDocument([]byte) (*Document, error) { return nil, errNoReader }

// BuildV3Model always fails.
func (*Document) BuildV3Model() (*DocumentModel, error) { return nil, errNoReader }
