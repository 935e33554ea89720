// Package storage has what Pulumi's engine asks of Google's client for Cloud Storage, in place of that client: with the
// transports that it brings it is a seventh of the engine's code, and the engine needs it for a state that is kept in
// Google Cloud alone (gs://). A sandbox keeps its states in files: here there is no client, and whoever asks for one is
// told so. What a client would do is there for the compiler.
package storage

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// ScopeReadWrite is the scope that credentials are asked for.
const ScopeReadWrite = "https://www.googleapis.com/auth/devstorage.read_write"

// What the engine looks for in an error.
var (
	ErrBucketNotExist = errors.New("the bucket does not exist")
	ErrObjectNotExist = errors.New("the object does not exist")
)

var errNoClient = errors.New("this pulumi was built for a sandbox and has no client for Google Cloud Storage")

// Client is never made.
type Client struct{}

// NewClient always fails.
func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, errNoClient }

// Bucket is never called.
func (*Client) Bucket(string) *BucketHandle { return &BucketHandle{} }

// BucketHandle is never made.
type BucketHandle struct{}

// Object is never called.
func (*BucketHandle) Object(string) *ObjectHandle { return &ObjectHandle{} }

// Objects is never called.
func (*BucketHandle) Objects(context.Context, *Query) *ObjectIterator { return &ObjectIterator{} }

// ObjectIterator finds nothing.
type ObjectIterator struct{ info *iterator.PageInfo }

// PageInfo is never called.
func (it *ObjectIterator) PageInfo() *iterator.PageInfo { return it.info }

// ObjectHandle is never made.
type ObjectHandle struct{}

// If is never called.
func (o *ObjectHandle) If(Conditions) *ObjectHandle { return o }

// Attrs always fails.
func (*ObjectHandle) Attrs(context.Context) (*ObjectAttrs, error) { return nil, errNoClient }

// Delete always fails.
func (*ObjectHandle) Delete(context.Context) error { return errNoClient }

// NewRangeReader always fails.
func (*ObjectHandle) NewRangeReader(context.Context, int64, int64) (*Reader, error) {
	return nil, errNoClient
}

// NewWriter gives one that always fails.
func (*ObjectHandle) NewWriter(context.Context) *Writer { return &Writer{} }

// CopierFrom gives one that always fails.
func (*ObjectHandle) CopierFrom(*ObjectHandle) *Copier { return &Copier{} }

// Copier copies nothing.
type Copier struct{}

// Run always fails.
func (*Copier) Run(context.Context) (*ObjectAttrs, error) { return nil, errNoClient }

// Reader is never made.
type Reader struct {
	io.ReadCloser
	Attrs ReaderObjectAttrs
}

// Writer writes nothing.
type Writer struct {
	ObjectAttrs
	ChunkSize             int
	ForceEmptyContentType bool
}

// Write always fails.
func (*Writer) Write([]byte) (int, error) { return 0, errNoClient }

// Close always fails.
func (*Writer) Close() error { return errNoClient }

// Conditions of a write.
type Conditions struct{ DoesNotExist bool }

// Query of a list.
type Query struct{ Prefix, Delimiter string }

// ObjectAttrs of an object.
type ObjectAttrs struct {
	Name, Prefix, Etag                                                              string
	CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType string
	Metadata                                                                        map[string]string
	Created, Updated                                                                time.Time
	Size                                                                            int64
	MD5                                                                             []byte
}

// ReaderObjectAttrs of an object that is read.
type ReaderObjectAttrs struct {
	ContentType  string
	LastModified time.Time
	Size         int64
}

// SignedURLOptions of an address for others.
type SignedURLOptions struct {
	Expires                             time.Time
	Method, ContentType, GoogleAccessID string
	PrivateKey                          []byte
	SignBytes                           func([]byte) ([]byte, error)
}

// SignedURL always fails.
func SignedURL(string, string, *SignedURLOptions) (string, error) { return "", errNoClient }
